/** A server to be measured. */

export type Ability = 'registry' | 'api' | 'bare';

export interface Target {
  readonly name: string;
  /** `bare` is the floor: it answers like a registry but keeps nothing of what a registry must keep. */
  readonly abilities: ReadonlySet<Ability>;
  /** Starts it on a directory, which may hold the data of an earlier start. */
  start(data: string): Promise<RunningTarget>;
}

export interface RunningTarget {
  readonly port: number;
  readonly pid: number;
  /** Every node, the first included; only that one when left out. */
  readonly nodes?: readonly { readonly port: number; readonly pid: number }[];
  /** Where its images can be put directly while it is stopped: a file of SQLite or the URL of a PostgreSQL database. */
  readonly database?: string;
  /** What it keeps its data in, when that is a program of its own: its CPU is told beside the server's. */
  readonly stores?: readonly { readonly name: string; readonly pid: number }[];
  readonly readyMs: number;
  /** Value of the `Authorization` header that opens these repositories; undefined when the server asks for none. */
  authorization(repositories: readonly string[]): Promise<string | undefined>;
  /** Registries that make repositories by themselves do nothing here. */
  createRepository(name: string): Promise<void>;
  stop(): Promise<void>;
}

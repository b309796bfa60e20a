/** What a load process is told to do, and what it tells back. Plain data: it travels as JSON. */

export interface Common {
  /** Where it goes, and the host that requests name. */
  readonly port: number;
  /** All nodes of the server: connections are spread over them. Only `port` when left out. */
  readonly ports?: readonly number[];
  readonly connections: number;
  /** Value of the `Authorization` header of every request; none when left out. */
  readonly authorization?: string;
}

/** The same request over and over for so many seconds. */
export interface RepeatPlan extends Common {
  readonly kind: 'repeat';
  readonly seconds: number;
  readonly request: RawRequest;
}

/** Each request once, in order, spread over the connections. */
export interface ListPlan extends Common {
  readonly kind: 'list';
  readonly requests: readonly RawRequest[];
}

/** GET of a whole blob, so many times on every connection. */
export interface GetBlobPlan extends Common {
  readonly kind: 'get-blob';
  readonly path: string;
  readonly size: number;
  readonly times: number;
}

/** Pushes of fresh blobs as docker does it: POST, one PATCH of unknown length, PUT. */
export interface PushBlobPlan extends Common {
  readonly kind: 'push-blob';
  readonly repository: string;
  readonly size: number;
  /** On all connections together. */
  readonly times: number;
  /** Makes the bytes of this run differ from those of any other. */
  readonly salt: string;
}

/** Pushes of fresh small images: HEAD, POST, PATCH, PUT for each blob, then the manifest with a tag. */
export interface PushImagePlan extends Common {
  readonly kind: 'push-image';
  readonly repositories: readonly string[];
  readonly layers: number;
  readonly layerSize: number;
  readonly seconds: number;
  readonly salt: string;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The node that a connection goes to. */
export function portOf(plan: Pick<Common, 'port' | 'ports'>, connection: number): number {
  const { ports = [plan.port] } = plan;
  return ports[connection % ports.length]!;
}

export type Plan = RepeatPlan | ListPlan | GetBlobPlan | PushBlobPlan | PushImagePlan;

export interface LoadResult {
  /** What was counted: requests, blobs or images. */
  readonly done: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Answers that were not what the plan wanted, and the first of them. */
  readonly failed: number;
  readonly firstFailure: string | undefined;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Where a trial plays: how the server is started, and how it is taken away. */
import { rmSync } from 'node:fs';
import { type LongshoreProcess, startLongshore } from '../black-box/longshore-process.ts';

export interface Stage {
  /** Where the data lies while the server runs. */
  readonly data: string;
  /** `flags` come on top of those of every trial. */
  start(flags?: readonly string[]): Promise<LongshoreProcess>;
  /** Takes the running server away in the middle of its work. What survives is there at the next `start`. */
  crash(server: LongshoreProcess): Promise<void>;
  /** Called once, with no server running. */
  dispose(): Promise<void>;
}

/** Quiet, and with nothing in the background that the model would have to know. */
export const TRIAL_FLAGS = ['--log-level', 'warn'];

/** The server dies by `kill -9`; everything it had handed to the kernel survives. */
export function createKillStage(options: { data: string; port: number }): Stage {
  const removeData = () => rmSync(options.data, { recursive: true, force: true });
  // An interrupted run leaves nothing behind.
  process.once('exit', removeData);
  return {
    data: options.data,
    start: (flags = []) => startLongshore({ ...options, flags: [...TRIAL_FLAGS, ...flags] }),
    crash: (server) => server.kill(),
    async dispose() {
      removeData();
      process.removeListener('exit', removeData);
    },
  };
}

/** A server on a directory of its own with a client that is logged in: what the shorter trials begin with. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort, type LongshoreProcess, startLongshore } from '../black-box/longshore-process.ts';
import { storesFor, type TestStores } from '../support/test-stores.ts';
import { createReport } from './report.ts';
import { TRIAL_FLAGS } from './stage.ts';
import { createTrial, logIn, type Trial } from './trial.ts';

export interface BlackBoxServer extends AsyncDisposable {
  readonly trial: Trial;
  readonly data: string;
  readonly stores: TestStores;
  /** The process that runs now. */
  process(): LongshoreProcess;
  /** Ends it as asked and starts it again on the same data and port. */
  restart(how: 'stop' | 'kill', until?: '/readyz' | '/livez'): Promise<void>;
}

export interface BlackBoxOptions {
  /** Kept at the end when given; else one is made and removed. */
  readonly data?: string;
  readonly flags?: readonly string[];
  readonly under?: readonly string[];
}

/** Rejects as startLongshore does. */
export async function startBlackBox(options: BlackBoxOptions = {}): Promise<BlackBoxServer> {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'longshore-trial-')));
  const port = await findFreePort();
  const { under } = options;
  const stores = await storesFor(data);
  const flags = [...TRIAL_FLAGS, ...(options.flags ?? [])];
  const start = (until: '/readyz' | '/livez' = '/readyz') =>
    startLongshore({
      data,
      port,
      flags,
      until,
      environment: stores.environment,
      ...(under === undefined ? {} : { under }),
    });
  let server = await start();
  const trial = createTrial([server.origin], createReport());
  await logIn(trial);
  return {
    trial,
    data,
    stores,
    process: () => server,
    async restart(how, until) {
      await server[how]();
      server = await start(until);
    },
    async [Symbol.asyncDispose]() {
      trial.http.close();
      await server.kill();
      await stores.dispose();
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

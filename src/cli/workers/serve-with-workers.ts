/** The first process of a server with several: prepares the data, starts the others, speaks for them, ends them. Serves nothing itself. */
import cluster from 'node:cluster';
import { prepareData } from '../../app/prepare-data.ts';
import type { Config } from '../../config.ts';
import type { Log } from '../../lib/log/create-log.ts';
import { startWorkerTeam, WorkersGone } from './worker-team.ts';

export interface ServingTeam {
  readonly origin: string;
  readonly registryHost: string;
  /** Rejects with WorkersGone when no worker can be kept alive. */
  readonly broken: Promise<never>;
  stop(): Promise<void>;
}

/** Beyond what requests may take: to close the stores, and for what is unforeseen. */
const CLOSE_MS = 8000;

/** Rejects, with nothing left running, with errors whose message says what to do. */
export async function serveWithWorkers(config: Config, { logger }: Log): Promise<ServingTeam> {
  const data = await prepareData(config);
  // Connections are handed out in turn by this process, which keeps the port: a worker that ends takes none with it that it has not taken up.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: process.argv[1] as string, args: process.argv.slice(2) });
  const team = startWorkerTeam(config, logger);
  const stop = async () => {
    const killed = await team.end(config.drainDelay + config.drainTimeout + CLOSE_MS);
    if (killed > 0) logger.warn({ workers: killed }, 'workers that did not end in time were killed');
    await data.release();
  };
  try {
    const { origin, registryHost } = await team.ready;
    await data.announce(origin);
    const broken = team.givenUp.then(() => {
      throw new WorkersGone('No worker could be kept alive; the log says why each of them ended.');
    });
    broken.catch(() => undefined);
    return { origin, registryHost, broken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

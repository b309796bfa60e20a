/** The workers of a server: as many as wanted, started again when they end unasked, ended together. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { collectMetrics } from './collect-metrics.ts';
import { afterLife, type Lives, noLives } from './restart-delay.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

export interface WorkerTeam {
  /** Where they serve. Rejects with WorkerFailed when one of the first cannot start. */
  readonly ready: Promise<{ origin: string; registryHost: string }>;
  /** Resolves when no worker is left and starting new ones has failed for too long. */
  readonly givenUp: Promise<void>;
  /** Ends all in order; those that are not through after `withinMs` are killed. Answers how many were. */
  end(withinMs: number): Promise<number>;
}

/** None could be kept alive; the message says where to look. */
export class WorkersGone extends Error {
  override readonly name = 'WorkersGone';
}

/** While none serves: this many short lives in a row are enough, some two minutes. */
const MOST_SHORT_LIVES = 10;

export function startWorkerTeam(config: Config, log: Logger): WorkerTeam {
  const share = shareOf(config);
  const running = new Set<WorkerProcess>();
  /** Those among them that have served. */
  const serving = new Set<WorkerProcess>();
  const givenUp = Promise.withResolvers<void>();
  let ending = false;
  let restarts = 0;

  const scrape = () =>
    collectMetrics(
      [...serving].map((worker) => () => worker.report()),
      { running: serving.size, wanted: config.workers, restarts },
    );

  function start(): WorkerProcess {
    const worker = startWorker(share, scrape);
    running.add(worker);
    worker.ready.then(() => serving.add(worker)).catch(() => undefined);
    worker.ended.then(() => {
      running.delete(worker);
      serving.delete(worker);
    });
    return worker;
  }

  async function keep(first: WorkerProcess): Promise<void> {
    let lives: Lives = noLives;
    for (let worker = first; ; worker = start(), restarts++) {
      const from = performance.now();
      const refused = await worker.ready.then(() => undefined).catch((error: Error) => error.message);
      const how = await worker.ended;
      if (ending) return;
      lives = afterLife(lives, performance.now() - from);
      log.error(
        { worker: worker.pid, how, ...(refused !== undefined && { because: refused }), againInMs: lives.delayMs },
        'a worker ended unasked and is started again',
      );
      if (serving.size === 0 && lives.short >= MOST_SHORT_LIVES) return givenUp.resolve();
      await sleep(lives.delayMs);
      if (ending) return;
    }
  }

  const first = Array.from({ length: config.workers }, start);
  const ready = Promise.all(first.map((worker) => worker.ready)).then((all) => {
    first.forEach(keep);
    return all[0] as { origin: string; registryHost: string };
  });

  return {
    ready,
    givenUp: givenUp.promise,
    async end(withinMs) {
      ending = true;
      for (const worker of running) worker.end();
      const patience = new AbortController();
      const late = sleep(withinMs, undefined, { signal: patience.signal }).catch(() => undefined);
      await Promise.race([Promise.all([...running].map((worker) => worker.ended)), late]);
      patience.abort();
      const left = [...running];
      for (const worker of left) worker.kill();
      await Promise.all(left.map((worker) => worker.ended));
      return left.length;
    },
  };
}

/** What is meant for the whole node is parted among its processes. */
function shareOf(config: Config): Config {
  const part = (whole: number, least: number) => Math.max(least, Math.ceil(whole / config.workers));
  return {
    ...config,
    maxConnections: part(config.maxConnections, 1),
    // One for a transaction, one for what must not wait for it.
    databasePoolSize: part(config.databasePoolSize, 2),
  };
}

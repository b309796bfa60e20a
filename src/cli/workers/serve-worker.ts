/** One of several processes that serve the same port: does what the first process says. */
import { once } from 'node:events';
import { startApp, type WorkerRole } from '../../app/start-app.ts';
import { createLog } from '../../lib/log/create-log.ts';
import { explainFailure } from '../explain-failure.ts';
import { giveBackMemory } from '../give-back-memory.ts';
import { endOnUnforeseen } from '../process-end.ts';
import type { FromWorker, ToWorker } from './messages.ts';

const SCRAPE_MS = 5000;

/** Serves until the first process says so, or is gone. */
export async function serveWorker(): Promise<void> {
  // A signal to the whole group (Ctrl-C, a service manager) reaches the first process too, which knows in what order to end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  const end = Promise.withResolvers<void>();
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'end') end.resolve();
  });
  const config = await startMessage();
  // Several processes write to one pipe: only lines that are written in one small piece stay whole.
  const log = createLog({ level: config.logLevel, format: config.logFormat, shared: true }, process.stdout.fd);
  process.on('exit', () => log.flush());
  endOnUnforeseen(log);
  try {
    const app = await startApp(config, { log, worker: { shareMetrics } });
    tell({ kind: 'ready', origin: app.origin, registryHost: app.registryHost });
    giveBackMemory();
    await end.promise;
    await app.stop();
  } catch (error) {
    await new Promise<void>((resolve) => tell({ kind: 'failed', explanation: explainFailure(error) }, resolve));
    process.exit(1);
  }
  log.flush();
  process.exit(0);
}

async function startMessage(): Promise<Extract<ToWorker, { kind: 'start' }>['config']> {
  for (;;) {
    const [message] = (await once(process, 'message')) as [ToWorker];
    if (message.kind === 'start') return message.config;
  }
}

/** Answers its own part when the first process asks, and asks it for the whole when somebody scrapes. */
const shareMetrics: WorkerRole['shareMetrics'] = (own) => {
  const waiting = new Map<number, (answer: Extract<ToWorker, { kind: 'metrics' }>) => void>();
  let last = 0;
  let contentType = 'text/plain; version=0.0.4; charset=utf-8';
  process.on('message', (message: ToWorker) => {
    if (message.kind === 'metrics') waiting.get(message.id)?.(message);
    else if (message.kind === 'report') {
      own.getMetricsAsJSON().then(
        (metrics) => tell({ kind: 'reported', id: message.id, metrics }),
        // The first process goes without it.
        () => undefined,
      );
    }
  });
  return {
    get contentType() {
      return contentType;
    },
    metrics: () =>
      new Promise((resolve, reject) => {
        const id = ++last;
        const late = setTimeout(() => {
          waiting.delete(id);
          reject(new Error('the first process did not answer in time'));
        }, SCRAPE_MS);
        waiting.set(id, (answer) => {
          clearTimeout(late);
          waiting.delete(id);
          contentType = answer.contentType;
          resolve(answer.text);
        });
        tell({ kind: 'scrape', id });
      }),
  };
};

function tell(message: FromWorker, sent?: () => void): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => sent?.());
  else sent?.();
}

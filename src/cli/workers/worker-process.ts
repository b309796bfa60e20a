/** A worker as the first process sees it: started, asked, told to end. */
import cluster, { type Worker } from 'node:cluster';
import type { Config } from '../../config.ts';
import type { FromWorker, ToWorker } from './messages.ts';

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Rejects with WorkerFailed when it ends before it serves. */
  readonly ready: Promise<{ origin: string; registryHost: string }>;
  /** How it ended: `exit code 1`, `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** Its part of the metrics. Rejects when it does not answer in time. */
  report(): Promise<object[]>;
  end(): void;
  kill(): void;
}

/** It could not start; the message is for a person, in its own words where it had any. */
export class WorkerFailed extends Error {
  override readonly name = 'WorkerFailed';
}

const REPORT_MS = 2000;

/** `scrape` answers the metrics of all workers, for one that was asked for them. */
export function startWorker(
  config: Config,
  scrape: () => Promise<{ text: string; contentType: string }>,
): WorkerProcess {
  const worker = cluster.fork();
  const ready = Promise.withResolvers<{ origin: string; registryHost: string }>();
  // Nobody need wait for it.
  ready.promise.catch(() => undefined);
  const ended = Promise.withResolvers<string>();
  const reports = new Map<number, (metrics: object[]) => void>();
  let lastReport = 0;

  send(worker, { kind: 'start', config });
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') ready.resolve(message);
    else if (message.kind === 'failed') ready.reject(new WorkerFailed(message.explanation));
    else if (message.kind === 'reported') reports.get(message.id)?.(message.metrics);
    else {
      scrape().then(
        (metrics) => send(worker, { kind: 'metrics', id: message.id, ...metrics }),
        // The worker answers for itself when its patience ends.
        () => undefined,
      );
    }
  });
  // Sending to one that has just gone fails; `exit` tells of it.
  worker.on('error', () => undefined);
  worker.once('exit', (code, signal) => {
    const how = signal ? `signal ${signal}` : `exit code ${code}`;
    ended.resolve(how);
    ready.reject(new WorkerFailed(`A worker ended before it served (${how}).`));
  });

  return {
    pid: worker.process.pid,
    ready: ready.promise,
    ended: ended.promise,
    report: () =>
      new Promise((resolve, reject) => {
        const id = ++lastReport;
        const late = setTimeout(() => {
          reports.delete(id);
          reject(new Error('no answer in time'));
        }, REPORT_MS);
        reports.set(id, (metrics) => {
          clearTimeout(late);
          reports.delete(id);
          resolve(metrics);
        });
        send(worker, { kind: 'report', id });
      }),
    end: () => send(worker, { kind: 'end' }),
    kill: () => void worker.process.kill('SIGKILL'),
  };
}

function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message);
}

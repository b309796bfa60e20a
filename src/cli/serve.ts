/** `longshore serve`: the server, until a signal ends it. */
import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { startApp } from '../app/start-app.ts';
import type { Config } from '../config.ts';
import { createLog, type Log } from '../lib/log/create-log.ts';
import { version } from '../version.ts';
import { firstSteps } from './first-steps.ts';
import { giveBackMemory } from './give-back-memory.ts';
import { endOnUnforeseen, onSignals } from './process-end.ts';
import { addSettingOptions, configOf } from './setting-options.ts';

export function serveCommand(program: Command): void {
  addSettingOptions(program.command('serve').description('Serve the registry and the AWS API.')).action(
    async (_options, command: Command) => {
      if (cluster.isPrimary) return serve(await configOf(command));
      const { serveWorker } = await import('./workers/serve-worker.ts');
      return serveWorker();
    },
  );
}

/** One process that serves, or one that starts several. */
interface Server {
  readonly origin: string;
  readonly registryHost: string;
  /** Rejects when it cannot go on. */
  readonly broken?: Promise<never>;
  stop(): Promise<void>;
}

async function serve(config: Config): Promise<void> {
  const log = createLog({ level: config.logLevel, format: config.logFormat }, process.stdout.fd);
  process.on('exit', () => log.flush());
  endOnUnforeseen(log);
  const ended = Promise.withResolvers<void>();
  // Before the start, so that a signal while a large database is opened ends it in order, too.
  const server = start(config, log);
  onSignals(async (signal) => {
    log.logger.info({ signal }, 'ending: requests in flight may finish');
    if (await stopInTime(await server, config)) log.logger.info('ended');
    else log.logger.warn('ended without waiting for background work');
    ended.resolve();
  });
  announce(config, await server, log);
  giveBackMemory();
  await Promise.race([ended.promise, (await server).broken ?? ended.promise]);
  log.flush();
  // Whatever still keeps the event loop busy (a client's half-closed socket) is not waited for.
  process.exit(0);
}

async function start(config: Config, log: Log): Promise<Server> {
  if (config.workers === 1) return startApp(config, { log });
  const { serveWithWorkers } = await import('./workers/serve-with-workers.ts');
  return serveWithWorkers(config, log);
}

const CLOSE_MS = 5000;
/** Workers are given their time by the process that started them. */
const WORKERS_MS = 10_000;

/** Requests have had their time then, and what is left (re-reading a large layer) may be broken off: nothing acknowledged hangs on it. */
async function stopInTime(server: Server, { drainDelay, drainTimeout, workers }: Config): Promise<boolean> {
  const patience = drainDelay + drainTimeout + (workers === 1 ? CLOSE_MS : WORKERS_MS);
  const late = sleep(patience, false, { ref: false });
  return Promise.race([server.stop().then(() => true), late]);
}

function announce(config: Config, { origin, registryHost }: Server, log: Log): void {
  if (process.stdout.isTTY && config.logFormat !== 'json') {
    process.stdout.write(`${firstSteps({ config, origin, registryHost })}\n`);
  } else {
    const several = config.workers > 1 ? { workers: config.workers } : {};
    log.logger.info({ version, origin, data: config.data, pid: process.pid, ...several }, 'listening');
    log.flush();
  }
}

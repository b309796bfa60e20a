/** `longshore serve`: the server, until a signal ends it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type App, startApp } from '../app.ts';
import type { Config } from '../config.ts';
import { createLog, type Log } from '../lib/log/create-log.ts';
import { version } from '../version.ts';
import { firstSteps } from './first-steps.ts';
import { giveBackMemory } from './give-back-memory.ts';
import { addSettingOptions, configOf } from './setting-options.ts';

export function serveCommand(program: Command): void {
  addSettingOptions(program.command('serve').description('Serve the registry and the AWS API.')).action(
    async (_options, command: Command) => serve(await configOf(command)),
  );
}

async function serve(config: Config): Promise<void> {
  const log = createLog({ level: config.logLevel, format: config.logFormat }, process.stdout.fd);
  process.on('exit', () => log.flush());
  endOnUnforeseen(log);
  const ended = Promise.withResolvers<void>();
  // Before the start, so that a signal while a large database is opened ends it in order, too.
  const app = startApp(config, { log });
  onSignals(async (signal) => {
    log.logger.info({ signal }, 'ending: requests in flight may finish');
    // Requests have had their time then, and what is left (re-reading a large layer) may be broken off: nothing acknowledged hangs on it.
    const late = sleep(config.drainDelay + config.drainTimeout + CLOSE_MS, 'late' as const, { ref: false });
    if ((await Promise.race([(await app).stop(), late])) === 'late')
      log.logger.warn('ended without waiting for background work');
    else log.logger.info('ended');
    ended.resolve();
  });
  announce(config, await app, log);
  giveBackMemory();
  await ended.promise;
  log.flush();
  // Whatever still keeps the event loop busy (a client's half-closed socket) is not waited for.
  process.exit(0);
}

const CLOSE_MS = 5000;

function announce(config: Config, app: App, log: Log): void {
  if (process.stdout.isTTY && config.logFormat !== 'json') {
    process.stdout.write(`${firstSteps({ config, origin: app.origin, registryHost: app.registryHost })}\n`);
  } else {
    log.logger.info({ version, origin: app.origin, data: config.data, pid: process.pid }, 'listening');
    log.flush();
  }
}

/** Ctrl-C reaches us from the terminal and again through npm or the launcher: two within this time are one. */
const SAME_SIGNAL_MS = 1000;

/** The first signal begins an orderly end, a second one ends at once. */
function onSignals(begin: (signal: NodeJS.Signals) => Promise<void>): void {
  let begunAt: number | undefined;
  const handle = (signal: NodeJS.Signals) => {
    if (begunAt === undefined) {
      begunAt = performance.now();
      begin(signal).catch((error: unknown) => {
        console.error(error);
        process.exit(1);
      });
    } else if (performance.now() - begunAt > SAME_SIGNAL_MS) {
      process.exit(1);
    }
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
}

/** What nobody foresaw leaves the process in a state nobody knows: it is logged and the process ends; nothing acknowledged is lost. */
function endOnUnforeseen(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.logger.fatal({ err: error }, 'unforeseen error, ending');
    log.flush();
    process.exit(1);
  });
}

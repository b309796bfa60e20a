/** How a serving process comes to its end: signals, and what nobody foresaw. */
import type { Log } from '../lib/log/create-log.ts';

/** Ctrl-C reaches us from the terminal and again through npm or the launcher: two within this time are one. */
const SAME_SIGNAL_MS = 1000;

/** The first signal begins an orderly end, a second one ends at once. */
export function onSignals(begin: (signal: NodeJS.Signals) => Promise<void>): void {
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
export function endOnUnforeseen(log: Log): void {
  process.on('uncaughtException', (error) => {
    log.logger.fatal({ err: error }, 'unforeseen error, ending');
    log.flush();
    process.exit(1);
  });
}

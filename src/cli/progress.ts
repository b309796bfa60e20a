/** Progress of long work: one line that moves on a terminal, a plain line now and then elsewhere. */

export interface Progress {
  /** So much of the whole is done. */
  advance(by: number): void;
  /** Prints a line that stays. */
  print(line: string): void;
  end(): void;
}

const TERMINAL_MS = 200;
const PLAIN_MS = 10_000;

/** `whole` and `advance` in bytes. Written to standard error, so that standard output holds results only. */
export function startProgress(what: string, whole: number, output: NodeJS.WriteStream = process.stderr): Progress {
  const startedAt = performance.now();
  let done = 0;
  let shownAt = startedAt;
  const clear = () => {
    if (output.isTTY) output.write('\r\x1b[K');
  };
  const show = () => {
    const seconds = (performance.now() - startedAt) / 1000;
    const rate = seconds === 0 ? 0 : done / seconds;
    const left = rate === 0 ? '?' : timeText((whole - done) / rate);
    const percent = whole === 0 ? 100 : Math.floor((100 * done) / whole);
    const line = `${what}: ${sizeText(done)} of ${sizeText(whole)} (${percent} %), ${sizeText(rate)}/s, ${left} left`;
    if (output.isTTY) output.write(`\r\x1b[K${line}`);
    else output.write(`${line}\n`);
  };
  return {
    advance(by) {
      done += by;
      const now = performance.now();
      if (now - shownAt < (output.isTTY ? TERMINAL_MS : PLAIN_MS)) return;
      shownAt = now;
      show();
    },
    print(line) {
      clear();
      process.stdout.write(`${line}\n`);
    },
    end: clear,
  };
}

export function sizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function timeText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, '0')}s`;
  return `${Math.floor(whole / 3600)}h${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}

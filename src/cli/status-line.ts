/** One line about what is going on: it moves on a terminal, and is a plain line now and then elsewhere. */

export interface StatusLine {
  /** Shows what `text` says, unless something was shown just now. */
  show(text: () => string): void;
  /** Takes the line away, so that something else can be printed. */
  clear(): void;
}

const TERMINAL_MS = 200;
const PLAIN_MS = 10_000;

/** Written to standard error, so that standard output holds results only. */
export function startStatusLine(output: NodeJS.WriteStream = process.stderr): StatusLine {
  let shownAt = performance.now();
  return {
    show(text) {
      const now = performance.now();
      if (now - shownAt < (output.isTTY ? TERMINAL_MS : PLAIN_MS)) return;
      shownAt = now;
      output.write(output.isTTY ? `\r\x1b[K${text()}` : `${text()}\n`);
    },
    clear() {
      if (output.isTTY) output.write('\r\x1b[K');
    },
  };
}

/** Certificate and key from files, read again when they change: certificates are renewed while the server runs. */
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createSecureContext } from 'node:tls';

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** The pair cannot be used; the message names the files. */
export class TlsFilesProblem extends Error {
  override readonly name = 'TlsFilesProblem';
}

/** Rejects with TlsFilesProblem when a file cannot be read or the two do not fit. */
export async function readTlsPair(files: TlsFiles): Promise<TlsPair> {
  try {
    const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
    createSecureContext({ cert, key });
    return { cert, key };
  } catch (error) {
    const reason = (error as Error).message;
    throw new TlsFilesProblem(`tls-cert ${files.cert} and tls-key ${files.key} cannot be used: ${reason}`, {
      cause: error,
    });
  }
}

/** How often the files are compared although nothing was told: watching does not work on every file system. */
const POLL_MS = 30_000;
/** Renewal writes two files one after the other; looking at once would often find a pair that does not fit. */
const SETTLE_MS = 200;

/**
 * Calls `use` with every new pair that fits and `refuse` with what is wrong with one that does not; the old pair then stays.
 * The directories are watched rather than the files, because renewal replaces them (Kubernetes by a link of the directory).
 */
export function followTlsFiles(
  files: TlsFiles,
  current: TlsPair,
  use: (pair: TlsPair) => void,
  refuse: (problem: unknown) => void,
): { stop(): void } {
  let pair = current;
  let refused: string | undefined;
  let settling: NodeJS.Timeout | undefined;

  const look = async () => {
    try {
      const next = await readTlsPair(files);
      refused = undefined;
      if (next.cert.equals(pair.cert) && next.key.equals(pair.key)) return;
      pair = next;
      use(next);
    } catch (error) {
      const problem = String(error);
      if (problem !== refused) refuse(error);
      refused = problem;
    }
  };
  const lookSoon = () => {
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE_MS).unref();
  };
  const watchers = [...new Set([dirname(files.cert), dirname(files.key)])].flatMap((directory) => {
    try {
      const watcher = watch(directory, { persistent: false }, lookSoon);
      watcher.on('error', () => watcher.close());
      return [watcher];
    } catch {
      return [];
    }
  });
  const poll = setInterval(look, POLL_MS).unref();
  return {
    stop() {
      clearInterval(poll);
      clearTimeout(settling);
      for (const watcher of watchers) watcher.close();
    },
  };
}

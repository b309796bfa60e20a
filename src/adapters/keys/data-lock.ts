/**
 * One server per data directory. The lock is a transaction on a tiny SQLite database: the system releases it when the process
 * ends, however it ends, so that no stale lock ever keeps a restart away. Who holds it stands in a file beside it.
 */
import { readFile, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makePrivateDirectory } from './private-file.ts';

export interface ServerInfo {
  readonly pid: number;
  readonly host: string;
  /** Where it answers: `http://127.0.0.1:4510`. */
  readonly origin: string;
}

export interface DataLock {
  /** Tells other commands where this server answers. */
  announce(origin: string): Promise<void>;
  release(): Promise<void>;
}

/** Another server works on this data directory; the message names it. */
export class DataInUse extends Error {
  override readonly name = 'DataInUse';
}

/** Takes the lock, or rejects with DataInUse. */
export async function lockData(dataDirectory: string): Promise<DataLock> {
  await makePrivateDirectory(dataDirectory);
  const held = tryLock(dataDirectory);
  if (held === undefined) {
    const holder = await readServerInfo(dataDirectory);
    const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host} (${holder.origin})`;
    throw new DataInUse(
      `The data directory ${dataDirectory} is already served by ${who}. Stop it first, or choose another directory with --data.`,
    );
  }
  const infoPath = join(dataDirectory, INFO);
  return {
    async announce(origin) {
      const info: ServerInfo = { pid: process.pid, host: hostname(), origin };
      // Nice to have: on a full disk the server still starts.
      await writeFile(infoPath, `${JSON.stringify(info)}\n`, { mode: 0o600 }).catch(() => undefined);
    },
    async release() {
      await unlink(infoPath).catch(() => undefined);
      held.close();
    },
  };
}

/** The server that works on the directory now; undefined when there is none. */
export async function runningServer(dataDirectory: string): Promise<ServerInfo | undefined> {
  const info = await readServerInfo(dataDirectory);
  if (info === undefined) return undefined;
  const held = tryLock(dataDirectory);
  held?.close();
  return held === undefined ? info : undefined;
}

const LOCK = 'serve.lock';
const INFO = 'serve.json';

/** The open transaction, or undefined when another process has one. */
function tryLock(dataDirectory: string): DatabaseSync | undefined {
  const database = new DatabaseSync(join(dataDirectory, LOCK), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = memory');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

const SQLITE_BUSY = 5;

async function readServerInfo(dataDirectory: string): Promise<ServerInfo | undefined> {
  try {
    return JSON.parse(await readFile(join(dataDirectory, INFO), 'utf8')) as ServerInfo;
  } catch {
    return undefined;
  }
}

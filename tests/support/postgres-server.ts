/**
 * A PostgreSQL for tests: fresh databases on a private server that ends with the test, or on the one that TEST_POSTGRES
 * names (a URL whose user may create databases), so that many test files can share a server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { findPostgresPrograms, type PostgresPrograms } from './postgres-programs.ts';

export interface PostgresDatabases {
  /** Makes an empty database, or a copy of `template` (the URL of one that nobody is connected to); answers its URL. */
  createDatabase(template?: string): Promise<string>;
  /** Removes it, whoever is connected. */
  dropDatabase(url: string): Promise<void>;
  /** Of the server's own database, for a connection that looks at the others or ends them. */
  readonly adminUrl: string;
  /** Ends the server, if it is a private one, with all it kept; else removes the databases that were made. */
  stop(): Promise<void>;
}

export interface PostgresServer extends PostgresDatabases {
  readonly port: number;
  /** Ends the server: in order (who is connected is told), at once (as after a crash), or by kill -9. Resolves when it is gone. */
  end(how?: 'fast' | 'immediate' | 'kill'): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
}

export interface PostgresServerOptions {
  /** Whether commits are synced to the disk; true when left out, as in production. */
  readonly fsync?: boolean;
  /** PEM; then it speaks TLS, with those who ask for it. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Further settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Why tests with PostgreSQL cannot run here; undefined when they can. For `{ skip }`. */
export function postgresMissing(): string | undefined {
  if (process.env.TEST_POSTGRES) return undefined;
  const found = findPostgresPrograms();
  return typeof found === 'string' ? found : undefined;
}

/** Why tests that restart PostgreSQL, which need a private one, cannot run here. */
export function postgresProgramsMissing(): string | undefined {
  const found = findPostgresPrograms();
  return typeof found === 'string' ? found : undefined;
}

/** Databases on the shared server when one is named, else on a private one. Rejects when `postgresMissing()` says why. */
export async function openPostgresDatabases(): Promise<PostgresDatabases> {
  const shared = process.env.TEST_POSTGRES;
  if (!shared) return startPostgresServer();
  const databases = databasesOf(shared);
  return { ...databases, adminUrl: shared, stop: databases.dropAll };
}

/** Starts a PostgreSQL of one's own on 127.0.0.1. Rejects with the server's last words when it does not start. */
export async function startPostgresServer({
  fsync = true,
  tls,
  settings = {},
}: PostgresServerOptions = {}): Promise<PostgresServer> {
  const programs = findPostgresPrograms();
  if (typeof programs === 'string') throw new Error(programs);
  const directory = await mkdtemp(join(tmpdir(), 'longshore-postgres-'));
  if (programs.user !== undefined) chownSync(directory, programs.user.uid, programs.user.gid);
  const data = join(directory, 'data');
  await runToEnd(programs, directory, 'initdb', [
    ...['--pgdata', data, '--username', 'postgres', '--auth', 'trust'],
    ...['--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'],
  ]);
  const port = await freePort();
  const adminUrl = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const all: Record<string, string> = {
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: fsync ? 'on' : 'off',
    shared_buffers: '32MB',
    // What a test provokes on purpose would drown what went wrong.
    log_min_messages: 'fatal',
    ...(tls && keepPair(tls, directory, programs.user)),
    ...settings,
  };
  const flags = ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  let server: ChildProcess | undefined;

  const isRunning = () => server !== undefined && server.exitCode === null && server.signalCode === null;
  const killAtExit = () => {
    if (isRunning()) server?.kill('SIGQUIT');
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', killAtExit);

  async function start(): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const child = spawnProgram(programs as PostgresPrograms, directory, 'postgres', flags);
      server = child;
      const said = wordsOf(child);
      // After kill -9 the processes of the old server may hold its memory for a moment; a new one then ends at once.
      if (await answers(adminUrl, child, deadline)) return;
      if (Date.now() > deadline) throw new Error(`PostgreSQL did not start:\n${said()}`);
      await sleep(100);
    }
  }

  async function end(how: 'fast' | 'immediate' | 'kill' = 'fast'): Promise<void> {
    if (!isRunning()) return;
    const gone = once(server!, 'exit');
    server!.kill(({ fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const)[how]);
    await gone;
  }

  try {
    await start();
  } catch (error) {
    await end('immediate');
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  const { createDatabase, dropDatabase } = databasesOf(adminUrl);
  return {
    port,
    adminUrl,
    createDatabase,
    dropDatabase,
    start,
    end,
    async stop() {
      await end('immediate');
      process.removeListener('exit', killAtExit);
      await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** The settings to use the pair with. PostgreSQL reads no key that others may read. */
function keepPair(
  { key, cert }: { readonly key: string; readonly cert: string },
  directory: string,
  user: PostgresPrograms['user'],
): Record<string, string> {
  const paths = { ssl_key_file: join(directory, 'server.key'), ssl_cert_file: join(directory, 'server.crt') };
  writeFileSync(paths.ssl_key_file, key, { mode: 0o600 });
  writeFileSync(paths.ssl_cert_file, cert, { mode: 0o600 });
  if (user !== undefined) for (const path of Object.values(paths)) chownSync(path, user.uid, user.gid);
  return { ssl: 'on', ...paths };
}

interface Databases extends Pick<PostgresDatabases, 'createDatabase' | 'dropDatabase'> {
  dropAll(): Promise<void>;
}

function databasesOf(adminUrl: string): Databases {
  const made = new Set<string>();
  const nameOf = (url: string) => new URL(url).pathname.slice(1);

  async function dropDatabase(url: string): Promise<void> {
    await ask(adminUrl, `drop database if exists ${nameOf(url)} with (force)`);
    made.delete(url);
  }

  return {
    async createDatabase(template) {
      const name = `longshore_${randomBytes(6).toString('hex')}`;
      const from = template === undefined ? 'template0' : nameOf(template);
      await ask(adminUrl, `create database ${name} template ${from} encoding 'UTF8'`);
      const url = new URL(adminUrl);
      url.pathname = `/${name}`;
      made.add(url.href);
      return url.href;
    },
    dropDatabase,
    async dropAll() {
      for (const url of [...made]) await dropDatabase(url);
    },
  };
}

async function ask(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that breaks rejects the query; the event says nothing more.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Waits until the server answers; false when it has ended or the time is up. */
async function answers(url: string, child: ChildProcess, deadline: number): Promise<boolean> {
  while (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const answered = await ask(url, 'select 1').then(
      () => true,
      () => false,
    );
    if (answered) return true;
    if (Date.now() > deadline) return false;
    await sleep(50);
  }
  return false;
}

function spawnProgram(programs: PostgresPrograms, cwd: string, program: string, args: readonly string[]): ChildProcess {
  return spawn(join(programs.directory, program), args, {
    ...programs.user,
    cwd,
    env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function wordsOf(child: ChildProcess): () => string {
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-10_000);
    });
  }
  child.once('error', (error) => {
    words += error.message;
  });
  return () => words;
}

async function runToEnd(
  programs: PostgresPrograms,
  cwd: string,
  program: string,
  args: readonly string[],
): Promise<void> {
  const child = spawnProgram(programs, cwd, program, args);
  const said = wordsOf(child);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${said()}`);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

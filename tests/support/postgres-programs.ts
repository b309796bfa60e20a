/** Where PostgreSQL's server programs are on this machine, and as whom they can be run: they refuse to run as root. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface PostgresPrograms {
  /** The directory of `initdb` and `postgres`. */
  readonly directory: string;
  /** Whom to run them as, when we are root. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

const oldestVersion = 15;

/** The programs, or why a test that needs them must be skipped. */
export function findPostgresPrograms(): PostgresPrograms | string {
  const directory = programDirectories().find((each) => existsSync(join(each, 'initdb')) && isNewEnough(each));
  if (directory === undefined) return `PostgreSQL ${oldestVersion} or later is not installed (Debian: postgresql)`;
  if (process.getuid?.() !== 0) return { directory, user: undefined };
  const user = { uid: idOf('-u'), gid: idOf('-g') };
  if (Number.isNaN(user.uid) || Number.isNaN(user.gid))
    return 'PostgreSQL does not run as root, and there is no user “postgres”';
  return { directory, user };
}

function programDirectories(): string[] {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  return [
    ...versions.map((version) => join(debian, version, 'bin')),
    output('pg_config', '--bindir'),
    ...(process.env.PATH ?? '').split(':'),
  ].filter((each) => each !== '');
}

function isNewEnough(directory: string): boolean {
  return Number(/(\d+)/.exec(output(join(directory, 'postgres'), '--version'))?.[1]) >= oldestVersion;
}

function idOf(flag: '-u' | '-g'): number {
  return Number.parseInt(output('id', flag, 'postgres'), 10);
}

function output(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

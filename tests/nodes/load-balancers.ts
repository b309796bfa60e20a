/** nginx and HAProxy with the files of deploy/, as they are but for addresses and TLS. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accepts, findFreePort } from '../black-box/longshore-process.ts';

export interface LoadBalancer {
  readonly origin: string;
  readonly port: number;
  /** What it has said. */
  output(): string;
  stop(): Promise<void>;
}

export interface LoadBalancerKind {
  readonly name: string;
  /** Why it cannot run here. */
  missing(): string | undefined;
  /** In front of nodes on these ports. Rejects with its output when it does not start. */
  start(ports: readonly number[]): Promise<LoadBalancer>;
}

const configurationOf = (name: string) => readFile(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');

export const nginx: LoadBalancerKind = {
  name: 'nginx',
  missing: () => programMissing('nginx', ['-v']),
  start: (ports) =>
    run('nginx', async (directory, port) => {
      const site = addressed(await configurationOf('nginx.conf'), ports)
        .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
        .replace(/^ *ssl_certificate.*\n/gm, '');
      const file = join(directory, 'nginx.conf');
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
        .join('\n');
      await writeFile(
        file,
        `daemon off;\nmaster_process off;\npid ${directory}/nginx.pid;\nerror_log stderr warn;\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${site}}\n`,
      );
      return ['-p', directory, '-e', 'stderr', '-c', file];
    }),
};

export const haproxy: LoadBalancerKind = {
  name: 'HAProxy',
  missing: () => programMissing('haproxy', ['-v']),
  start: (ports) =>
    run('haproxy', async (directory, port) => {
      const text = addressed(await configurationOf('haproxy.cfg'), ports).replace(
        /bind :443 .*/,
        `bind 127.0.0.1:${port}`,
      );
      const file = join(directory, 'haproxy.cfg');
      await writeFile(file, text);
      return ['-db', '-f', file];
    }),
};

/** Puts the test's nodes in the place of 10.0.0.11 and so on. */
function addressed(text: string, ports: readonly number[]): string {
  const replaced = text.replace(/10\.0\.0\.1([123]):4510/g, (_, index) => `127.0.0.1:${ports[Number(index) - 1]}`);
  if (ports.length !== 3 || replaced === text) throw new Error('the files of deploy/ are for three nodes');
  return replaced;
}

async function run(
  program: string,
  argumentsFor: (directory: string, port: number) => Promise<string[]>,
): Promise<LoadBalancer> {
  const directory = await mkdtemp(join(tmpdir(), `longshore-${program}-`));
  const port = await findFreePort();
  let output = '';
  const child = spawn(findProgram(program), await argumentsFor(directory, port), { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-50_000);
    });
  }
  const stop = async () => {
    await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await accepts(port)) return { origin: `http://127.0.0.1:${port}`, port, output: () => output, stop };
    if (child.exitCode !== null) break;
    await sleep(50);
  }
  await stop();
  throw new Error(`${program} did not start:\n${output}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Debian keeps them where only root looks. */
const PLACES = ['', '/usr/sbin/', '/usr/local/sbin/'];

function findProgram(program: string): string {
  const found = PLACES.find((place) => spawnSync(`${place}${program}`, ['-v']).status === 0);
  return `${found ?? ''}${program}`;
}

function programMissing(program: string, args: string[]): string | undefined {
  return spawnSync(findProgram(program), args).status === 0 ? undefined : `${program} is not installed`;
}

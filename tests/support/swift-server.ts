/**
 * OpenStack Swift with s3api on loopback: a real S3 implementation, which checks signatures and joins multipart uploads, from Debian's
 * packages swift-proxy, swift-account, swift-container and swift-object. One disk, one copy, no memcached. Imports nothing of src.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { requestS3, type S3Server } from './request-s3.ts';

const run = promisify(execFile);

const KINDS = ['account', 'container', 'object'] as const;
const PROGRAMS = ['proxy', ...KINDS].map((kind) => `/usr/bin/swift-${kind}-server`);
const READY_WITHIN_MS = 180_000;

/** Why Swift cannot be started here; undefined when it can. */
export function whyNoSwift(): string | undefined {
  for (const program of [...PROGRAMS, '/usr/bin/swift-ring-builder', '/usr/bin/setpriv']) {
    try {
      accessSync(program, constants.X_OK);
    } catch {
      return `${program} is missing (Debian: swift-proxy swift-account swift-container swift-object)`;
    }
  }
  return undefined;
}

/** Throws with what the servers wrote when one ends early or they are not ready in time. The data must lie where files may have user attributes. */
export async function startSwiftServer(parent = tmpdir()): Promise<S3Server> {
  const directory = await mkdtemp(join(parent, 'longshore-swift-'));
  const children: ChildProcess[] = [];
  let output = '';

  // Killed, not asked: nothing they hold is worth keeping.
  const killAll = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.on('exit', killAll);

  async function stop() {
    process.off('exit', killAll);
    const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = running.map((child) => once(child, 'exit'));
    killAll();
    await Promise.all(ended);
    await rm(directory, { recursive: true, force: true });
  }

  function launch(kind: string, configuration: string) {
    // setpriv: should this process be killed, the kernel ends its servers, too.
    const child = spawn(
      '/usr/bin/setpriv',
      ['--pdeathsig', 'KILL', '--', `/usr/bin/swift-${kind}-server`, configuration, '--verbose'],
      { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk).slice(-16_384);
      });
    }
    children.push(child);
  }

  try {
    const [proxy = 0, account = 0, container = 0, object = 0] = await freePorts(4);
    await writeTree(directory, { account, container, object }, proxy);
    for (const kind of [...KINDS, 'proxy']) launch(kind, join(directory, `${kind}.conf`));
    const server: S3Server = {
      endpoint: `http://127.0.0.1:${proxy}`,
      region: 'us-east-1',
      bucket: 'longshore',
      accessKeyId: 'test:tester',
      secretAccessKey: 'testing',
      stop,
    };
    await createBucket(server, children, () => output);
    return server;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Creating the bucket passes through all four servers, so that success means ready. */
async function createBucket(server: S3Server, children: readonly ChildProcess[], output: () => string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (let last: unknown; ; await sleep(100)) {
    if (children.some((child) => child.exitCode !== null)) throw new Error(`Swift ended early:\n${output()}`);
    try {
      const { status, text } = await requestS3(server, 'PUT', '');
      if (status === 200 || text.includes('BucketAlreadyOwnedByYou')) return;
      last = new Error(`${status} ${text}`);
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`Swift was not ready in time:\n${output()}`, { cause: last });
  }
}

async function writeTree(directory: string, ports: Record<(typeof KINDS)[number], number>, proxy: number) {
  await mkdir(join(directory, 'disks', 'd1'), { recursive: true });
  const write = (name: string, content: string) => writeFile(join(directory, name), content);
  await write('swift.conf', '[swift-hash]\nswift_hash_path_prefix = longshore\nswift_hash_path_suffix = tests\n');
  // Three commands per ring, each half a second of Python: the rings side by side.
  await Promise.all(KINDS.map((kind) => buildRing(directory, kind, ports[kind])));
  for (const kind of KINDS) await write(`${kind}.conf`, storageConfiguration(directory, kind, ports[kind]));
  await write('proxy.conf', proxyConfiguration(directory, proxy));
}

async function buildRing(directory: string, kind: string, port: number): Promise<void> {
  const device = ['--region', '1', '--zone', '1', '--ip', '127.0.0.1', '--port', String(port)];
  for (const step of [
    ['create', '6', '1', '0'],
    ['add', ...device, '--device', 'd1', '--weight', '1'],
    ['rebalance'],
  ]) {
    await run('/usr/bin/swift-ring-builder', [`${kind}.builder`, ...step], { cwd: directory });
  }
}

function common(directory: string, port: number): string {
  // `workers = 0`: one process. `user`: the servers change to it when they are started as root.
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${directory}
log_level = ERROR
`;
}

function storageConfiguration(directory: string, kind: string, port: number): string {
  return `${common(directory, port)}devices = ${join(directory, 'disks')}
mount_check = false
fallocate_reserve = 0
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
`;
}

function proxyConfiguration(directory: string, port: number): string {
  const filters = {
    catch_errors: 'catch_errors',
    gatekeeper: 'gatekeeper',
    healthcheck: 'healthcheck',
    cache: 'memcache',
    listing_formats: 'listing_formats',
    bulk: 'bulk',
    s3api: 's3api\ns3_acl = false\nlocation = us-east-1',
    tempauth: 'tempauth\nuser_test_tester = testing .admin',
    copy: 'copy',
    slo: 'slo',
    dlo: 'dlo',
  };
  const sections = Object.entries(filters).map(([name, use]) => `[filter:${name}]\nuse = egg:swift#${use}\n`);
  return `${common(directory, port)}[pipeline:main]
pipeline = ${Object.keys(filters).join(' ')} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
${sections.join('')}`;
}

/** All are held until the last is known, so that no port comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

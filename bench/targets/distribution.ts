/** CNCF distribution: version 3 (`registry`) and Debian's 2.8 (`docker-registry`), on the file system, access log off. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { findFreePort } from '../../tests/black-box/longshore-process.ts';
import { startProgram } from '../start-program.ts';
import type { Target } from '../target.ts';
import { bearerFor, makeTokenKey, TOKEN_ISSUER, TOKEN_SERVICE } from './registry-token.ts';
import { type BenchStores, storeServers } from './store-servers.ts';

export type PeerAuth = 'basic' | 'token';

/** User `bench`, password `bench`, bcrypt at the cheap cost of 5: what a peer's Basic costs at the least. */
export const HTPASSWD = 'bench:$2y$05$abcdefghijklmnopqrstuu9v.wgSpAQwnM0MaCtd.77WoEHF.lu62\n';
export const BASIC = `Basic ${Buffer.from('bench:bench').toString('base64')}`;

/** `place` says where it keeps its data: in files, or in the S3-compatible store that Longshore's nodes use. */
export function distribution(name: string, program: string, auth: PeerAuth, place: 'files' | 's3' = 'files'): Target {
  return {
    name: place === 's3' ? `${name} s3 ${auth}` : `${name} ${auth}`,
    abilities: new Set(['registry']),
    async start(data) {
      const port = await findFreePort();
      const stores = place === 's3' ? await storeServers() : undefined;
      const setup = await writeSetup(data, port, auth, stores);
      const server = await startProgram({
        command: [program, 'serve', setup],
        port,
        path: '/v2/',
        // Nothing may leave the machine.
        environment: { OTEL_TRACES_EXPORTER: 'none' },
      });
      return {
        port,
        ...server,
        ...(stores !== undefined && { stores: stores.processes.filter((each) => each.name === 'S3') }),
        authorization: async (repositories) => (auth === 'basic' ? BASIC : bearerFor(dirname(setup), repositories)),
        createRepository: async () => undefined,
      };
    },
  };
}

/** JSON is YAML. */
async function writeSetup(data: string, port: number, auth: PeerAuth, stores?: BenchStores): Promise<string> {
  await mkdir(join(data, 'setup'), { recursive: true });
  const setup = join(data, 'setup', 'config.yml');
  const htpasswd = join(data, 'setup', 'htpasswd');
  await writeFile(htpasswd, HTPASSWD);
  const basic = { htpasswd: { realm: 'bench', path: htpasswd } };
  const token = async () => ({
    token: {
      realm: `http://127.0.0.1:${port}/token`,
      service: TOKEN_SERVICE,
      issuer: TOKEN_ISSUER,
      rootcertbundle: await makeTokenKey(join(data, 'setup')),
    },
  });
  const config = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: {
      ...(stores === undefined ? { filesystem: { rootdirectory: join(data, 'storage') } } : s3Storage(data, stores)),
      cache: { blobdescriptor: 'inmemory' },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}`, secret: 'bench' },
    auth: auth === 'basic' ? basic : await token(),
  };
  await writeFile(setup, JSON.stringify(config));
  return setup;
}

/** Through the registry, as Longshore's nodes in the bench. */
function s3Storage(data: string, { s3 }: BenchStores) {
  return {
    s3: {
      accesskey: s3.accessKeyId,
      secretkey: s3.secretAccessKey,
      region: s3.region,
      regionendpoint: s3.endpoint,
      forcepathstyle: true,
      secure: false,
      bucket: s3.bucket,
      rootdirectory: `/${basename(data)}`,
    },
    redirect: { disable: true },
  };
}

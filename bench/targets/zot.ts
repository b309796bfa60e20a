/** zot with `commit: true`: as delivered it keeps an acknowledged push in the page cache only, which is no fair comparison. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from '../../tests/black-box/longshore-process.ts';
import { startProgram } from '../start-program.ts';
import type { Target } from '../target.ts';
import { BASIC, HTPASSWD, type PeerAuth } from './distribution.ts';
import { bearerFor, makeTokenKey, TOKEN_SERVICE } from './registry-token.ts';

export function zot(program: string, auth: PeerAuth): Target {
  return {
    name: `zot ${auth}`,
    abilities: new Set(['registry']),
    async start(data) {
      const port = await findFreePort();
      const setup = join(data, 'setup');
      await mkdir(setup, { recursive: true });
      await writeFile(join(setup, 'htpasswd'), HTPASSWD);
      const bearer = async () => ({
        bearer: { realm: `http://127.0.0.1:${port}/token`, service: TOKEN_SERVICE, cert: await makeTokenKey(setup) },
      });
      const config = {
        distSpecVersion: '1.1.1',
        storage: { rootDirectory: join(data, 'storage'), commit: true, dedupe: true, gc: false },
        http: {
          address: '127.0.0.1',
          port: String(port),
          auth: auth === 'basic' ? { htpasswd: { path: join(setup, 'htpasswd') } } : await bearer(),
        },
        log: { level: 'error' },
      };
      await writeFile(join(setup, 'config.json'), JSON.stringify(config));
      const server = await startProgram({
        command: [program, 'serve', join(setup, 'config.json')],
        port,
        path: '/v2/',
      });
      return {
        port,
        ...server,
        authorization: async (repositories) => (auth === 'basic' ? BASIC : bearerFor(setup, repositories)),
        createRepository: async () => undefined,
      };
    },
  };
}

/** A plain node:http server on the same Node, without any work of a registry. */
import { fileURLToPath } from 'node:url';
import { findFreePort } from '../../tests/black-box/longshore-process.ts';
import { startProgram } from '../start-program.ts';
import type { Target } from '../target.ts';

const SERVER = fileURLToPath(new URL('./bare-node-server.ts', import.meta.url));

export const bareNode: Target = {
  name: 'bare node',
  abilities: new Set(['bare']),
  async start(data) {
    const port = await findFreePort();
    const server = await startProgram({ command: [process.execPath, SERVER, data, String(port)], port, path: '/v2/' });
    return { port, ...server, authorization: async () => undefined, createRepository: async () => undefined };
  },
};

/** moto_server: the AWS API that most people test against today. It keeps everything in memory and checks no signature. */
import { createAwsClient } from '../../tests/black-box/aws-client.ts';
import { createHttpClient } from '../../tests/black-box/http-client.ts';
import { findFreePort, ROOT_KEY } from '../../tests/black-box/longshore-process.ts';
import { startProgram } from '../start-program.ts';
import type { Target } from '../target.ts';

export function moto(program: string): Target {
  return {
    name: 'moto',
    abilities: new Set(['api']),
    async start() {
      const port = await findFreePort();
      const command = [program, '-H', '127.0.0.1', '-p', String(port)];
      const server = await startProgram({ command, port, path: '/moto-api/' });
      const aws = createAwsClient(createHttpClient(`http://127.0.0.1:${port}`), ROOT_KEY);
      return {
        port,
        ...server,
        authorization: async () => undefined,
        createRepository: async (name) => void (await aws.call('CreateRepository', { repositoryName: name })),
      };
    },
  };
}

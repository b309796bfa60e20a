/** Longshore as delivered: default settings, a Basic docker token on every request. */
import { createAwsClient } from '../../tests/black-box/aws-client.ts';
import { createHttpClient } from '../../tests/black-box/http-client.ts';
import { findFreePort, ROOT_KEY, startLongshore } from '../../tests/black-box/longshore-process.ts';
import type { Target } from '../target.ts';

export const longshore: Target = {
  name: 'longshore',
  abilities: new Set(['registry', 'api']),
  async start(data) {
    const port = await findFreePort();
    // Like the access logs of the peers, which are off too.
    const server = await startLongshore({ data, port, flags: ['--log-level', 'warn'] });
    const http = createHttpClient(server.origin);
    const aws = createAwsClient(http, ROOT_KEY);
    return {
      port,
      pid: server.pid,
      readyMs: server.readyMs,
      async authorization() {
        const answer = await aws.call('GetAuthorizationToken', {});
        return `Basic ${answer.output.authorizationData[0].authorizationToken}`;
      },
      async createRepository(name) {
        const answer = await aws.call('CreateRepository', { repositoryName: name });
        if (answer.status !== 200 && answer.code !== 'RepositoryAlreadyExistsException') throw new Error(answer.text);
      },
      async stop() {
        http.close();
        await server.stop();
      },
    };
  },
};

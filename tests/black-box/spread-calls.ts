/** One client for several equal nodes: each call goes to the next of them, as behind a load balancer that knows nothing of sessions. */
import { type AwsClient, type AwsCredentials, createAwsClient } from './aws-client.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';

export interface NodeClients {
  readonly http: HttpClient;
  readonly aws: AwsClient;
}

/** With one origin: simply its clients. Throws RangeError without any. */
export function spreadCalls(origins: readonly string[], credentials: AwsCredentials): NodeClients {
  const nodes = origins.map((origin) => {
    const http = createHttpClient(origin);
    return { http, aws: createAwsClient(http, credentials) };
  });
  const [first] = nodes;
  if (first === undefined) throw new RangeError('there is no node to call');
  let turn = 0;
  const next = () => {
    turn += 1;
    return nodes[turn % nodes.length]!;
  };
  return {
    http: {
      origin: first.http.origin,
      call: (call) => next().http.call(call),
      close: () => {
        for (const { http } of nodes) http.close();
      },
    },
    aws: { call: (operation, input) => next().aws.call(operation, input) },
  };
}

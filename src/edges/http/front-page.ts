/** `GET /` for whoever opens the address in a browser, and the answer to paths that belong to no protocol. */
import type { Edge, Exchange } from './exchange.ts';

export function createFrontPage(version: string): Edge {
  const page = `Longshore ${version}: Amazon ECR that you run yourself.

Registry (docker, podman, ...)   /v2/
AWS API (aws ecr, SDKs)          POST /
Health and metrics               /livez  /readyz  /metrics

Begin with:  eval "$(longshore env)"
`;
  return {
    name: 'http',
    handle(exchange) {
      const { request, record } = exchange;
      if (exchange.path !== '/') {
        record.errorCode = 'NotFound';
        answer(
          exchange,
          404,
          'Nothing is served under this path. The registry is under /v2/, the AWS API is POST /.\n',
        );
      } else if (request.method !== 'GET' && request.method !== 'HEAD') {
        record.errorCode = 'MethodNotAllowed';
        exchange.response.setHeader('Allow', 'GET, HEAD, POST');
        answer(exchange, 405, 'This method has no meaning here.\n');
      } else {
        record.operation = 'front-page';
        answer(exchange, 200, page);
      }
    },
    answerBug(exchange) {
      answer(exchange, 500, `Something went wrong in the server. Request id: ${exchange.requestId}\n`);
    },
  };
}

function answer({ request, response, requestId }: Exchange, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': requestId,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

/** `GET /v2/`: what `docker login` asks. Whoever gets here has valid credentials. */
import { send } from './error-response.ts';
import type { OciRequest } from './oci-request.ts';

export function ping({ exchange }: OciRequest): void {
  send(exchange, 200, ['Content-Type', 'application/json; charset=utf-8'], '{}');
}

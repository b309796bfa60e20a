/**
 * `GET /v2/-/layers/<token>`: where the URLs of GetDownloadUrlForLayer lead. They work without credentials for as long as the token
 * lasts, as the presigned URLs of ECR do; the token names the layer.
 */
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { readDownloadToken } from '../../services/ecr/layers/download-token.ts';
import type { Exchange } from '../http/exchange.ts';
import { sendBlob, sendBlobHead } from './blobs.ts';
import { sendFault } from './error-response.ts';
import { downloadRefused, methodNotAllowed } from './faults.ts';

export function downloadLayer(ecr: EcrService, exchange: Exchange, token: string): void | Promise<void> {
  exchange.record.operation = 'DownloadLayer';
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'HEAD') {
    sendFault(exchange, methodNotAllowed(), ['Allow', 'GET, HEAD']);
    return undefined;
  }
  const grant = readDownloadToken(ecr.keys, token, ecr.clock.now());
  if (grant === undefined) throw downloadRefused();
  return method === 'GET'
    ? sendBlob(exchange, ecr, grant, grant.digest)
    : sendBlobHead(exchange, ecr, grant, grant.digest);
}

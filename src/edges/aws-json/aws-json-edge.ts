/** AWS JSON 1.1: the operations of ECR, picked by `X-Amz-Target` (behaviour page, section 1). */
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { ecrLedger } from '../../services/ecr/operations.ts';
import type { Fault } from '../../services/fault.ts';
import { faultOf } from '../../services/fault-of.ts';
import { ecrModel } from '../../services/model/ecr-model.ts';
import { requestEntityTooLarge, serverException, unknownOperation } from '../../services/request-faults.ts';
import { runOperation, type ServiceOperation, serviceOperations } from '../../services/run-operation.ts';
import type { ReadIdentity } from '../authn/sigv4.ts';
import type { Edge, Exchange } from '../http/exchange.ts';
import { BodyTooLarge, readBody } from '../http/read-body.ts';
import { retryAfter } from '../http/retry-after.ts';
import { encodeOutput } from './encode-output.ts';
import { errorResponse } from './error-response.ts';
import { parseBody } from './parse-body.ts';

export interface AwsJsonEdgeOptions {
  readonly ecr: EcrService;
  readonly readIdentity: ReadIdentity;
}

const contentType = 'application/x-amz-json-1.1';
const mebibyte = 1024 * 1024;

/** Bodies that are larger than parameters are. A blob grows by a third as base64, a manifest with every quote that is escaped. */
const bodies: Readonly<Record<string, { readonly limit: number; readonly blobMember?: string }>> = {
  UploadLayerPart: { limit: 28 * mebibyte, blobMember: 'layerPartBlob' },
  PutImage: { limit: 16 * mebibyte },
};
const ordinaryBody: { readonly limit: number; readonly blobMember?: string } = { limit: mebibyte };

export function createAwsJsonEdge({ ecr, readIdentity }: AwsJsonEdgeOptions): Edge {
  const targets = new Map(
    serviceOperations(ecrModel, ecrLedger).map((operation) => [
      `${ecrModel.targetPrefix}.${operation.name}`,
      operation,
    ]),
  );

  async function answer(exchange: Exchange): Promise<string> {
    const { request, record, requestId } = exchange;
    const operation = findOperation(exchange, targets);
    record.operation = operation.name;
    const { method = '', rawHeaders } = request;
    const identity = await readIdentity({ method, path: exchange.path, query: exchange.query, rawHeaders }, [
      ecrModel.signingName,
    ]);
    const { limit, blobMember } = bodies[operation.name] ?? ordinaryBody;
    const body = await readBody(exchange, limit);
    identity.verify(body);
    record.caller = identity.caller.arn;
    const { caller, region } = identity;
    const context = { ports: ecr, ecr, settings: ecr.settings, caller, region, requestId };
    return encodeOutput(await runOperation(operation, context, parseBody(body, blobMember), record));
  }

  return {
    name: 'aws-json',
    async handle(exchange) {
      try {
        send(exchange, 200, await answer(exchange));
      } catch (error) {
        const fault = error instanceof BodyTooLarge ? requestEntityTooLarge(error.limit) : faultOf(error);
        if (fault === undefined) throw error;
        sendFault(exchange, fault);
      }
    },
    answerBug(exchange) {
      sendFault(exchange, serverException(exchange.requestId));
    },
  };
}

/** Throws UnknownOperationException for what is not a call of one of ECR's operations. */
function findOperation({ request, path }: Exchange, targets: ReadonlyMap<string, ServiceOperation>): ServiceOperation {
  const operation = targets.get(String(request.headers['x-amz-target']));
  const isJson = /^application\/(?:x-amz-)?json/i.test(request.headers['content-type'] ?? '');
  if (operation === undefined || request.method !== 'POST' || path !== '/' || !isJson) throw unknownOperation();
  return operation;
}

function sendFault(exchange: Exchange, fault: Fault): void {
  exchange.record.errorCode = fault.code;
  const { status, body } = errorResponse(fault);
  send(exchange, status, body, fault.code);
}

function send({ response, requestId }: Exchange, status: number, body: string, errorType?: string): void {
  const length = String(Buffer.byteLength(body));
  const headers = ['Content-Type', contentType, 'Content-Length', length, 'x-amzn-RequestId', requestId];
  if (errorType !== undefined) headers.push('x-amzn-ErrorType', errorType, ...retryAfter(status));
  response.writeHead(status, headers);
  response.end(body);
}

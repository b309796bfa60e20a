/** AWS's query protocol: a form with `Action=`, or the same in the query of a GET, answered in XML. STS and IAM speak it. */
import { writeXml, type XmlContent } from '../../lib/xml/write-xml.ts';
import { Fault } from '../../services/fault.ts';
import { faultOf } from '../../services/fault-of.ts';
import {
  malformedHttpRequest,
  missingAuthenticationToken,
  requestEntityTooLarge,
  serverException,
} from '../../services/request-faults.ts';
import { invalidAction, queryServices } from '../../services/sts/operations.ts';
import type { ReadIdentity } from '../authn/sigv4.ts';
import type { Edge, Exchange } from '../http/exchange.ts';
import { BodyTooLarge, readBody } from '../http/read-body.ts';
import { retryAfter } from '../http/retry-after.ts';
import { errorResponse } from './error-response.ts';
import { parseForm } from './parse-form.ts';

export interface AwsQueryEdgeOptions {
  readonly readIdentity: ReadIdentity;
}

/** No action takes more: the largest parameter of IAM is a policy of some kilobytes. */
const bodyLimit = 256 * 1024;
const serviceNames = [...queryServices.keys()];
const sts = queryServices.get('sts')!;

export function createAwsQueryEdge({ readIdentity }: AwsQueryEdgeOptions): Edge {
  async function answer(exchange: Exchange): Promise<string> {
    const { request, record, requestId } = exchange;
    const { method = '', rawHeaders } = request;
    if (isPresigned(exchange)) throw presignedNotSupported();
    const identity = await readIdentity(
      { method, path: exchange.path, query: exchange.query, rawHeaders },
      serviceNames,
    );
    const body = await readBody(exchange, bodyLimit);
    identity.verify(body);
    record.caller = identity.caller.arn;

    const form = parseForm(method === 'POST' ? body.toString('utf8') : exchange.query);
    if (form === undefined) throw malformedHttpRequest('The request has too many parameters.');
    const service = queryServices.get(identity.service)!;
    const name = form.get('Action') ?? '';
    const action = service.actions.get(name);
    if (action === undefined) throw invalidAction(name, form.get('Version') ?? service.apiVersion);
    record.operation = name;
    record.action = `${identity.service}:${name}`;
    const content = {
      [`${name}Result`]: action(identity.caller) as XmlContent,
      ResponseMetadata: { RequestId: requestId },
    };
    return writeXml(`${name}Response`, content, { xmlns: service.xmlNamespace });
  }

  return {
    name: 'aws-query',
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

function isPresigned({ request, query }: Exchange): boolean {
  return request.headers.authorization === undefined && /(?:^|&)X-Amz-Signature=/i.test(query);
}

/** A URL that carries its signature, such as `aws eks get-token` makes. */
function presignedNotSupported(): Fault {
  return new Fault(
    missingAuthenticationToken().code,
    'Signatures in the query string are not supported yet. Sign the request with an Authorization header.',
  );
}

function sendFault(exchange: Exchange, fault: Fault): void {
  const { status, code, body } = errorResponse(fault, sts.xmlNamespace, exchange.requestId);
  exchange.record.errorCode = code;
  send(exchange, status, body);
}

function send({ response, requestId }: Exchange, status: number, body: string): void {
  const length = String(Buffer.byteLength(body));
  const headers = ['Content-Type', 'text/xml', 'Content-Length', length, 'x-amzn-RequestId', requestId];
  response.writeHead(status, [...headers, ...retryAfter(status)]);
  response.end(body);
}

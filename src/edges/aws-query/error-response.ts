/** How a Fault looks in the query protocol: its own names for the errors of authentication, and their statuses. */
import { writeXml } from '../../lib/xml/write-xml.ts';
import type { Fault } from '../../services/fault.ts';

interface QueryError {
  readonly code: string;
  readonly status: number;
}

/** By the code the JSON services use (behaviour page, 17.9). Whatever is not here keeps its code and is 400. */
const errors: ReadonlyMap<string, QueryError> = new Map([
  ['MissingAuthenticationTokenException', { code: 'MissingAuthenticationToken', status: 403 }],
  ['UnrecognizedClientException', { code: 'InvalidClientTokenId', status: 403 }],
  ['InvalidSignatureException', { code: 'SignatureDoesNotMatch', status: 403 }],
  ['IncompleteSignatureException', { code: 'IncompleteSignature', status: 400 }],
  ['AccessDeniedException', { code: 'AccessDenied', status: 403 }],
  ['RequestEntityTooLargeException', { code: 'RequestEntityTooLarge', status: 413 }],
  ['MalformedHttpRequestException', { code: 'MalformedQueryString', status: 400 }],
  ['ServerException', { code: 'InternalFailure', status: 500 }],
  ['ServiceUnavailable', { code: 'ServiceUnavailable', status: 503 }],
  ['InsufficientStorage', { code: 'InsufficientStorage', status: 507 }],
]);

export interface ErrorResponse extends QueryError {
  readonly body: string;
}

export function errorResponse(fault: Fault, xmlNamespace: string, requestId: string): ErrorResponse {
  const { code, status } = errors.get(fault.code) ?? { code: fault.code, status: 400 };
  const Type = status < 500 ? 'Sender' : 'Receiver';
  const content = { Error: { Type, Code: code, Message: fault.message }, RequestId: requestId };
  return { code, status, body: writeXml('ErrorResponse', content, { xmlns: xmlNamespace }) };
}

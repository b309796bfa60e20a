/**
 * Errors that AWS's front end gives before any operation is asked: signature, target, body (behaviour page, section 1.3). The
 * codes are those of the JSON protocol; the query edge translates them.
 */
import { Fault } from './fault.ts';

export const missingAuthenticationToken = () =>
  new Fault('MissingAuthenticationTokenException', 'Missing Authentication Token');

export const unrecognizedClient = () =>
  new Fault('UnrecognizedClientException', 'The security token included in the request is invalid.');

export const incompleteSignature = (reason: string) => new Fault('IncompleteSignatureException', reason);

export const invalidSignature = (reason: string) => new Fault('InvalidSignatureException', reason);

export const signatureDoesNotMatch = () =>
  invalidSignature(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  );

/** No message, as AWS has none. */
export const unknownOperation = () => new Fault('UnknownOperationException', '');

export const serializationException = (reason: string) => new Fault('SerializationException', reason);

export const requestEntityTooLarge = (limit: number) =>
  new Fault(
    'RequestEntityTooLargeException',
    `The request body is larger than the ${limit} bytes this operation takes.`,
  );

export const malformedHttpRequest = (reason: string) => new Fault('MalformedHttpRequestException', reason);

/** An operation of AWS's that Longshore does not have yet. Never a 5xx: clients would try again for minutes. */
export const unsupportedOperation = (name: string) =>
  new Fault(
    'UnsupportedCommandException',
    `Longshore does not have ${name} yet. docs/operations.md of the project lists every operation and its state.`,
  );

/** What a caller is told of a bug: where its cause stands, and no more. */
export const serverException = (requestId: string) =>
  new Fault('ServerException', `The service failed. Its log says why, under request id ${requestId}.`);

/**
 * How the registry protocol says no: the one table from a Fault to status and code (behaviour page, 9.2; distribution specification,
 * "Error codes"). Texts are ECR's. Where ECR contradicts the specification, the specification is followed: ECR answers 405 to whatever
 * it calls an invalid parameter, which clients read as "this registry cannot do that", and BLOB_UPLOAD_UNKNOWN for an image whose
 * layers are missing. TAG_INVALID (immutable tags) is Docker's and ECR's own code, which tools look for.
 */
import type { Fault } from '../../services/fault.ts';
import type { Exchange } from '../http/exchange.ts';
import { retryAfter } from '../http/retry-after.ts';

const answers: Readonly<Record<string, readonly [status: number, code: string]>> = {
  AuthorizationTokenInvalid: [400, 'DENIED'],
  AuthorizationTokenExpired: [403, 'DENIED'],
  AccessDeniedException: [403, 'DENIED'],
  LimitExceededException: [403, 'DENIED'],
  KmsException: [403, 'DENIED'],
  DownloadRefused: [403, 'DENIED'],
  InsufficientStorage: [507, 'DENIED'],
  ServiceUnavailable: [503, 'UNAVAILABLE'],
  ThrottlingException: [429, 'TOOMANYREQUESTS'],

  NameInvalid: [400, 'NAME_INVALID'],
  RepositoryNotFoundException: [404, 'NAME_UNKNOWN'],
  RegionNotServed: [404, 'NAME_UNKNOWN'],

  ManifestUnknown: [404, 'MANIFEST_UNKNOWN'],
  ImageNotFoundException: [404, 'MANIFEST_UNKNOWN'],
  InvalidParameterException: [400, 'MANIFEST_INVALID'],
  ImageDigestDoesNotMatchException: [400, 'MANIFEST_INVALID'],
  ManifestTooLarge: [413, 'SIZE_INVALID'],
  ImageTagAlreadyExistsException: [400, 'TAG_INVALID'],
  TagInvalid: [400, 'MANIFEST_INVALID'],
  LayersNotFoundException: [404, 'MANIFEST_BLOB_UNKNOWN'],
  ReferencedImagesNotFoundException: [404, 'MANIFEST_BLOB_UNKNOWN'],
  ManifestReferenced: [405, 'UNSUPPORTED'],

  BlobUnknown: [404, 'BLOB_UNKNOWN'],
  BlobReferenced: [405, 'UNSUPPORTED'],
  DigestInvalid: [400, 'DIGEST_INVALID'],
  RangeNotSatisfiable: [416, 'SIZE_INVALID'],

  UploadNotFoundException: [404, 'BLOB_UPLOAD_UNKNOWN'],
  InvalidLayerPartException: [416, 'BLOB_UPLOAD_INVALID'],
  LayerPartTooSmallException: [400, 'BLOB_UPLOAD_INVALID'],
  EmptyUploadException: [400, 'BLOB_UPLOAD_INVALID'],
  ChunkInvalid: [400, 'BLOB_UPLOAD_INVALID'],
  BodyCutShort: [400, 'BLOB_UPLOAD_INVALID'],
  InvalidLayerException: [400, 'DIGEST_INVALID'],

  PageSizeInvalid: [400, 'UNSUPPORTED'],
  EndpointUnknown: [404, 'UNSUPPORTED'],
  MethodNotAllowed: [405, 'UNSUPPORTED'],
};

export const apiVersion = ['Docker-Distribution-Api-Version', 'registry/2.0'] as const;

/** Answers the fault; `headers` (name, value, …) are added. Answers false, and sends nothing, when the table does not know the fault. */
export function sendFault(exchange: Exchange, fault: Fault, headers: readonly string[] = []): boolean {
  const answer = answers[fault.code];
  if (answer === undefined) return false;
  sendError(exchange, answer[0], answer[1], fault.message, headers);
  return true;
}

export function sendError(
  exchange: Exchange,
  status: number,
  code: string,
  message: string,
  headers: readonly string[] = [],
): void {
  exchange.record.errorCode = code;
  const body = `${JSON.stringify({ errors: [{ code, message }] })}\n`;
  send(exchange, status, ['Content-Type', 'application/json; charset=utf-8', ...retryAfter(status), ...headers], body);
}

/** The challenge (behaviour page, 9.1). ECR's text, but as an error document: clients parse every body they get. */
export function sendChallenge(exchange: Exchange, origin: string): void {
  const challenge = `Basic realm="${origin}/",service="ecr.amazonaws.com"`;
  sendError(exchange, 401, 'UNAUTHORIZED', 'Not Authorized', ['WWW-Authenticate', challenge]);
}

/** Answers with the headers of every answer of the registry. The length of the body is that of the answer to GET, also to HEAD. */
export function send(exchange: Exchange, status: number, headers: readonly string[], body?: string): void {
  const all = [...apiVersion, 'X-Request-Id', exchange.requestId, ...headers];
  // 204 and 304 have no body by definition and must not announce one.
  if (body !== undefined) all.push('Content-Length', String(Buffer.byteLength(body)));
  else if (status !== 204 && status !== 304) all.push('Content-Length', '0');
  exchange.response.writeHead(status, all);
  exchange.response.end(exchange.request.method === 'HEAD' ? undefined : body);
}

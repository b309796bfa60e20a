/** What a failed request to the store means: an answer, a failure that may pass, or one that will not. Messages never hold secrets or names of objects. */
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';

/** The store answered, and the answer is no: not there, not the one that was meant, no such upload. For the caller to make sense of. */
export class S3Refusal extends Error {
  override readonly name = 'S3Refusal';
  readonly code: 'absent' | 'changed' | 'no-range' | 'no-upload' | 'bad-parts';
  constructor(code: S3Refusal['code'], cause: unknown) {
    super(`The store refused: ${code}.`, { cause });
    this.code = code;
  }
}

/** Whether it is one, and with one of the codes if there are any. */
export function isRefusal(error: unknown, ...codes: S3Refusal['code'][]): error is S3Refusal {
  return error instanceof S3Refusal && (codes.length === 0 || codes.includes(error.code));
}

export type Judgement =
  | { readonly is: 'refusal'; readonly error: S3Refusal }
  /** Worth another try; `error` is what becomes of it when there is none. */
  | { readonly is: 'passing'; readonly error: BlobStoreUnavailable }
  | { readonly is: 'lasting'; readonly error: BlobStoreUnavailable };

interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly Code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** Definite answers of the store, by S3's code; a HEAD has no body and so only a status. */
const REFUSALS: Readonly<Record<string, S3Refusal['code']>> = {
  NoSuchKey: 'absent',
  NotFound: 'absent',
  PreconditionFailed: 'changed',
  InvalidRange: 'no-range',
  NoSuchUpload: 'no-upload',
  InvalidPart: 'bad-parts',
  InvalidPartOrder: 'bad-parts',
  EntityTooSmall: 'bad-parts',
};
const REFUSALS_BY_STATUS: Readonly<Record<number, S3Refusal['code']>> = {
  404: 'absent',
  412: 'changed',
  416: 'no-range',
};

/** 4xx that pass: the first three are overload, the next damage on the way, the last our clock, which the SDK sets after the answer. */
const PASSING = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestTimeout',
  'RequestTimeoutException',
  'OperationAborted',
  'IncompleteBody',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'RequestTimeTooSkewed',
]);

const FULL = new Set(['QuotaExceeded', 'InsufficientStorage', 'XMinioStorageFull', 'InsufficientCapacity']);

const UNTRUSTED = "The store's certificate is signed by nobody we know: name the file with the signer's in s3-ca.";

/** What to do about the failures that only an operator can end. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'The bucket does not exist: create it, or correct the setting "blobs".',
  AccessDenied:
    'Access is denied: allow GetObject, PutObject, DeleteObject and AbortMultipartUpload on the objects, and ListBucket and ListBucketMultipartUploads on the bucket.',
  InvalidAccessKeyId: 'The access key is unknown to the store: correct s3-access-key-id and s3-secret-access-key.',
  SignatureDoesNotMatch: 'The store refuses the signature: correct s3-secret-access-key or s3-region.',
  ExpiredToken: 'The credentials have expired.',
  RequestTimeTooSkewed: 'The clock of this machine differs too much from that of the store.',
  CredentialsProviderError:
    'No credentials were found: set s3-access-key-id and s3-secret-access-key, or what the AWS SDK looks for.',
  PermanentRedirect: 'The bucket is in another region: correct s3-region (and s3-endpoint).',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: "The store's certificate has expired.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The store's certificate is for another host name: correct s3-endpoint.",
  AuthorizationHeaderMalformed: 'The bucket is in another region: correct s3-region.',
};

/** Judges what the SDK threw. */
export function judgeFailure(error: unknown): Judgement {
  const { name = '', code, Code, $metadata, $response } = (error ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode ?? $response?.statusCode ?? 0;
  const names = [name, Code ?? '', code ?? ''];
  for (const each of names) {
    const refusal = REFUSALS[each];
    if (refusal) return { is: 'refusal', error: new S3Refusal(refusal, error) };
  }
  const advised = names.find((each) => each in ADVICE);
  const word = advised ?? (isTelling(name) ? name : (code ?? Code ?? name));
  if (status === 507 || names.some((each) => FULL.has(each))) {
    const message = `The S3 store is full (${word}).`;
    return { is: 'lasting', error: new BlobStoreUnavailable(message, { cause: error, full: true }) };
  }
  const isPassing = names.some((each) => PASSING.has(each)) || (isPassingStatus(status) && advised === undefined);
  const refusal = REFUSALS_BY_STATUS[status];
  if (refusal && !advised) return { is: 'refusal', error: new S3Refusal(refusal, error) };
  const detail = advised ? ADVICE[advised] : `It answered ${[word, status || ''].join(' ').trim() || 'nothing'}.`;
  const failure = new BlobStoreUnavailable(`The S3 store cannot be used. ${detail}`, { cause: error });
  return { is: isPassing ? 'passing' : 'lasting', error: failure };
}

/** 0: no answer came at all. A 2xx that is thrown could not be understood: garbage instead of XML, an error behind a 200. */
function isPassingStatus(status: number): boolean {
  return status < 300 || status === 408 || status === 429 || status >= 500;
}

function isTelling(name: string): boolean {
  return name !== '' && name !== 'Error' && name !== 'TypeError' && name !== 'UnknownError';
}

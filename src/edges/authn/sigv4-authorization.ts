/** Takes the `Authorization` header of Signature Version 4 apart, with AWS's words for what it lacks (behaviour page, 1.3). */
import { hash } from 'node:crypto';
import { incompleteSignature, invalidSignature } from '../../services/request-faults.ts';

export interface CredentialScope {
  readonly accessKeyId: string;
  /** YYYYMMDD */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

export interface SigV4Authorization {
  readonly credential: CredentialScope;
  /** Lower-case names, in the order of the signature. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const algorithm = 'AWS4-HMAC-SHA256';
const terminator = 'aws4_request';
/** More than any client signs; a bound on the work before a signature is checked. */
const maxSignedHeaders = 100;

/** Throws IncompleteSignatureException, or InvalidSignatureException when the scope does not end as it has to. */
export function parseAuthorization(header: string, hasDate: boolean): SigV4Authorization {
  const parameters = parametersOf(header);
  const credential = parameters.get('Credential');
  const signature = parameters.get('Signature');
  const signedHeaders = parameters.get('SignedHeaders');
  if (!credential || !signature || !signedHeaders || !hasDate) {
    const missing = [
      credential ? '' : "Authorization header requires 'Credential' parameter. ",
      signature ? '' : "Authorization header requires 'Signature' parameter. ",
      signedHeaders ? '' : "Authorization header requires 'SignedHeaders' parameter. ",
      hasDate ? '' : "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ",
    ].join('');
    throw incompleteSignature(
      `${missing}(Hashed with SHA-256 and encoded with Base64) Authorization=${fingerprint(header)}`,
    );
  }
  const names = signedHeaders.toLowerCase().split(';', maxSignedHeaders + 1);
  if (names.length > maxSignedHeaders) throw incompleteSignature(`At most ${maxSignedHeaders} headers can be signed.`);
  return { credential: parseCredential(credential), signedHeaders: names, signature };
}

/** Of any other scheme there are none, so that every parameter counts as missing. */
function parametersOf(header: string): Map<string, string> {
  const parameters = new Map<string, string>();
  if (!header.startsWith(`${algorithm} `)) return parameters;
  for (const part of header.slice(algorithm.length).split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  return parameters;
}

/** AWS prints what it was sent in this form, which tells no secret. */
function fingerprint(header: string): string {
  return hash('sha256', Buffer.from(header, 'latin1'), 'base64');
}

function parseCredential(text: string): CredentialScope {
  const parts = text.split('/', 6);
  if (parts.length !== 5 || parts.includes('')) {
    throw incompleteSignature(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${text}'`,
    );
  }
  const [accessKeyId, date, region, service, term] = parts as [string, string, string, string, string];
  if (term !== terminator) {
    throw invalidSignature(`Credential should be scoped with a valid terminator: '${terminator}', not '${term}'.`);
  }
  return { accessKeyId, date, region, service };
}

/** The body of an AWS JSON request as a value, with the one large blob that ECR takes decoded on the way. */
import { isUtf8 } from 'node:buffer';
import { decodeBase64 } from '../../services/json-scalars.ts';
import { serializationException } from '../../services/request-faults.ts';

/** Below this a body is parsed as any other. */
const largeBody = 64 * 1024;
/** Base64 text taken in one step; a multiple of four. */
const step = 1024 * 1024;
const standIn = '\u0000';

/** An empty body counts as `{}`. Throws SerializationException for what is no JSON in UTF-8. */
export function parseBody(body: Buffer, blobMember?: string): unknown {
  if (body.length === 0) return {};
  if (blobMember !== undefined && body.length > largeBody) {
    const lifted = parseWithBlob(body, blobMember);
    if (lifted !== undefined) return lifted;
  }
  return parseJson(body);
}

function parseJson(body: Buffer): unknown {
  if (!isUtf8(body)) throw serializationException('The request body is not UTF-8 text');
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw serializationException('The request body is not JSON');
  }
}

/**
 * 20 MiB of blob are 28 MiB of JSON. To decode it from the bytes, without first making strings of it twice, a short text stands in its
 * place while the rest is parsed. Answers undefined when that does not fit exactly (escapes, a second member of the name):
 * the plain way then decides.
 */
function parseWithBlob(body: Buffer, member: string): unknown {
  const value = findStringValue(body, member);
  if (value === undefined) return undefined;
  const blob = decodeInSteps(body.subarray(value.start, value.end));
  if (blob === undefined) return undefined;
  const rest = [body.subarray(0, value.start), Buffer.from('\\u0000'), body.subarray(value.end)];
  const json = parseJson(Buffer.concat(rest)) as Record<string, unknown> | null;
  if (json?.[member] !== standIn) return undefined;
  json[member] = blob;
  return json;
}

/** Where the text of `"member": "…"` stands, without its quotes. */
function findStringValue(body: Buffer, member: string): { start: number; end: number } | undefined {
  const key = body.indexOf(`"${member}"`);
  if (key < 0) return undefined;
  const colon = skipBlanks(body, key + member.length + 2);
  const quote = skipBlanks(body, colon + 1);
  if (body[colon] !== 0x3a || body[quote] !== 0x22) return undefined;
  const end = body.indexOf('"', quote + 1);
  return end < 0 ? undefined : { start: quote + 1, end };
}

function skipBlanks(body: Buffer, from: number): number {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1;
  return at;
}

function decodeInSteps(text: Buffer): Buffer | undefined {
  const blob = Buffer.allocUnsafe((text.length / 4) * 3);
  let length = 0;
  for (let at = 0; at < text.length; at += step) {
    // Padding ends a base64 text; in the middle of one it would be lost.
    if (length % 3 !== 0) return undefined;
    const bytes = decodeBase64(text.toString('latin1', at, at + step));
    if (bytes === undefined) return undefined;
    length += bytes.copy(blob, length);
  }
  return blob.subarray(0, length);
}

/** Manifests: GET, HEAD, PUT, DELETE by tag and digest (distribution specification, "Pulling manifests", "Pushing manifests"). */
import { parseDigest } from '../../lib/oci/digest.ts';
import { isTag } from '../../lib/oci/reference.ts';
import { deleteReference } from '../../services/ecr/images/delete-reference.ts';
import { findImage } from '../../services/ecr/images/find-image.ts';
import type { FoundImage } from '../../services/ecr/images/found-image.ts';
import { pushImage } from '../../services/ecr/images/push-image.ts';
import { limits } from '../../services/ecr/limits.ts';
import { findRepository } from '../../services/ecr/repositories/find-repository.ts';
import { BodyTooLarge, readBody } from '../http/read-body.ts';
import { entityTag, matchesNone } from './entity-tag.ts';
import { send } from './error-response.ts';
import { digestInvalid, manifestReferenced, manifestTooLarge, manifestUnknown, tagInvalid } from './faults.ts';
import type { OciRequest } from './oci-request.ts';
import { parseQuery } from './query.ts';

/**
 * GET and HEAD: the hot path. What is cached is answered at once. The stored bytes are what is sent, whatever the Accept header
 * says: a manifest that was converted has another digest than the one that was pushed.
 */
export function getManifest(request: OciRequest): void | Promise<void> {
  const { freshEcr, ref, target } = request;
  const image = findImage(freshEcr, ref, isDigestLike(target) ? { digest: target } : { tag: target });
  return image instanceof Promise ? image.then((found) => sendManifest(request, found)) : sendManifest(request, image);
}

function sendManifest({ exchange, ecr, target }: OciRequest, image: FoundImage | undefined): void {
  if (image === undefined) {
    checkReference(target);
    throw manifestUnknown();
  }
  const { request, response } = exchange;
  const prepared = prepare(image);
  const ifNoneMatch = request.headers['if-none-match'];
  if (ifNoneMatch !== undefined && matchesNone(ifNoneMatch, prepared.tag)) {
    send(exchange, 304, ['ETag', prepared.tag, 'Docker-Content-Digest', image.digest]);
    return;
  }
  response.writeHead(200, [...prepared.headers, 'X-Request-Id', exchange.requestId]);
  if (request.method === 'HEAD') {
    response.end();
  } else {
    ecr.pullTimes.record(image.id);
    if (prepared.text === undefined) response.end(image.manifest);
    else response.end(prepared.text, 'latin1');
  }
}

interface PreparedAnswer {
  readonly tag: string;
  readonly headers: readonly string[];
  /** The bytes, one character for each: a body that is a string leaves with its headers in one write, a third cheaper. */
  readonly text: string | undefined;
}

const preparedAnswers = new WeakMap<FoundImage, PreparedAnswer>();
/** Real manifests are far smaller. What is larger is not worth being held twice. */
const largestPreparedText = 64 * 1024;

/** The answer to an image never changes, so it is made once for as long as the image is cached. */
function prepare(image: FoundImage): PreparedAnswer {
  let prepared = preparedAnswers.get(image);
  if (prepared === undefined) {
    const tag = entityTag(image.digest);
    const headers = [
      ...['Docker-Distribution-Api-Version', 'registry/2.0'],
      ...['Content-Type', image.mediaType],
      ...['Content-Length', String(image.manifest.length)],
      ...['Docker-Content-Digest', image.digest],
      ...['ETag', tag],
    ];
    const text = image.manifest.length <= largestPreparedText ? image.manifest.toString('latin1') : undefined;
    prepared = { tag, headers, text };
    preparedAnswers.set(image, prepared);
  }
  return prepared;
}

export async function putManifest({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  checkReference(target);
  const byDigest = isDigestLike(target);
  const tags = byDigest ? parseQuery(exchange.query).getAll('tag') : [target];
  for (const tag of tags) if (!isTag(tag)) throw tagInvalid();
  await findRepository(ecr, ref);
  const manifest = await readManifest(exchange);
  const pushed = await pushImage(ecr, ref, {
    manifest,
    mediaType: declaredMediaType(exchange.request.headers['content-type']),
    tags,
    digest: byDigest ? target : undefined,
    sparse: ecr.settings.acceptSparseIndexes,
  });
  const { digest } = pushed.image;
  const headers = ['Location', `/v2/${ref.name}/manifests/${digest}`, 'Docker-Content-Digest', digest];
  if (pushed.subjectDigest !== undefined) headers.push('OCI-Subject', pushed.subjectDigest);
  if (byDigest) for (const tag of tags) headers.push('OCI-Tag', tag);
  send(exchange, 201, headers);
}

async function readManifest(exchange: OciRequest['exchange']): Promise<Buffer> {
  try {
    return await readBody(exchange, limits.manifestBytes);
  } catch (error) {
    throw error instanceof BodyTooLarge ? manifestTooLarge(error.limit) : error;
  }
}

/** What clients send when they say nothing: then the manifest itself has to say what it is. */
const undeclared = new Set([
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'text/plain',
]);

/** The Content-Type without its parameters, which the specification tells registries to ignore. */
export function declaredMediaType(contentType: string | undefined): string | undefined {
  const mediaType = contentType?.split(';', 1)[0]?.trim();
  return mediaType === undefined || mediaType === '' || undeclared.has(mediaType.toLowerCase()) ? undefined : mediaType;
}

export async function deleteManifest({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  checkReference(target);
  const outcome = await deleteReference(ecr, ref, isDigestLike(target) ? { digest: target } : { tag: target });
  if (outcome === 'absent') throw manifestUnknown();
  if (outcome !== 'deleted') throw manifestReferenced(outcome.referenced);
  send(exchange, 202, []);
}

/** A tag holds no colon and every digest does. */
function isDigestLike(reference: string): boolean {
  return reference.includes(':');
}

/** Throws DigestInvalid or TagInvalid. */
function checkReference(reference: string): void {
  if (isDigestLike(reference)) {
    if (parseDigest(reference) === undefined) throw digestInvalid();
  } else if (!isTag(reference)) {
    throw tagInvalid();
  }
}

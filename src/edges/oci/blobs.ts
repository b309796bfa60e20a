/** Blobs: GET with ranges and conditions or by redirect to the store, HEAD, DELETE (distribution specification, "Pulling blobs" and "Deleting blobs"). */
import { parseDigest } from '../../lib/oci/digest.ts';
import type { StoredLayer } from '../../ports/records.ts';
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { deleteLayer } from '../../services/ecr/layers/delete-layer.ts';
import { findLayer } from '../../services/ecr/layers/find-layer.ts';
import { markDamaged } from '../../services/ecr/layers/layer-health.ts';
import { linkLayer } from '../../services/ecr/layers/link-layer.ts';
import { type OpenLayer, openLayer } from '../../services/ecr/layers/open-layer.ts';
import type { RepositoryRef } from '../../services/ecr/repositories/repository-ref.ts';
import type { Exchange } from '../http/exchange.ts';
import { parseRange, resolveRange } from './byte-range.ts';
import { entityTag, matchesNone, rangeApplies } from './entity-tag.ts';
import { apiVersion, send, sendFault } from './error-response.ts';
import { blobReferenced, blobUnknown, digestInvalid, rangeNotSatisfiable } from './faults.ts';
import type { OciRequest } from './oci-request.ts';

export function headBlob({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  return sendBlobHead(exchange, ecr, ref, checkedDigest(target));
}

/** Answers HEAD of a blob. Rejects with BlobUnknown. */
export async function sendBlobHead(
  exchange: Exchange,
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
): Promise<void> {
  const layer = await findLayer(ecr, ref, digest);
  if (layer === undefined) throw blobUnknown();
  if (answerNotModified(exchange, layer)) return;
  exchange.response.writeHead(200, [...blobHeaders(exchange, digest), 'Content-Length', String(layer.blob.size)]);
  exchange.response.end();
}

export async function getBlob({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  const digest = checkedDigest(target);
  const { headers } = exchange.request;
  if (headers['if-none-match'] !== undefined) {
    const layer = await findLayer(ecr, ref, digest);
    if (layer === undefined) throw blobUnknown();
    if (answerNotModified(exchange, layer)) return;
  }
  await sendBlob(exchange, ecr, ref, digest);
}

/**
 * Answers GET of a blob: with the way to the store where that gives out blobs itself and the settings want it so, else with the bytes. Rejects with
 * BlobUnknown.
 */
export async function sendBlob(exchange: Exchange, ecr: EcrService, ref: RepositoryRef, digest: string): Promise<void> {
  const { redirectBlobsMs } = ecr.settings;
  if (redirectBlobsMs === undefined) return sendBlobBytes(exchange, ecr, ref, digest);
  const linked = await linkLayer(ecr, ref, digest, redirectBlobsMs);
  if (linked === undefined) throw blobUnknown();
  if (linked.url === undefined) return sendBlobBytes(exchange, ecr, ref, digest);
  // Range and If-Range are for the store, to which the client repeats them. The URL is as good as a credential: nobody may keep it.
  send(exchange, 307, [
    'Location',
    linked.url,
    'Docker-Content-Digest',
    digest,
    'ETag',
    entityTag(digest),
    'Cache-Control',
    'no-store',
  ]);
}

/**
 * Answers with the bytes of a blob, or the range of them that is asked for. Rejects with BlobUnknown. Bytes that turn out damaged on
 * their way are withheld, the connection is cut, and the blob is absent from then on.
 */
async function sendBlobBytes(exchange: Exchange, ecr: EcrService, ref: RepositoryRef, digest: string): Promise<void> {
  const { headers } = exchange.request;
  const range = rangeApplies(headers['if-range']?.toString(), entityTag(digest))
    ? parseRange(headers.range)
    : undefined;
  const rangeIn = (size: number) => (typeof range === 'object' ? resolveRange(range, size) : range);
  const opened = await openLayer(ecr, ref, digest, (size) => {
    const bytes = rangeIn(size);
    // An unknown blob counts for more than a range that it would not have: it is opened for that, too.
    return bytes === 'unsatisfiable' ? undefined : bytes;
  });
  if (opened === undefined) throw blobUnknown();
  const bytes = rangeIn(opened.size);
  if (bytes === undefined) {
    exchange.response.writeHead(200, [...blobHeaders(exchange, digest), 'Content-Length', String(opened.size)]);
    return sendBytes(exchange, ecr, opened);
  }
  if (bytes === 'unsatisfiable') {
    await opened.blob.close();
    sendFault(exchange, rangeNotSatisfiable(), ['Content-Range', `bytes */${opened.size}`]);
    return;
  }
  exchange.response.writeHead(206, [
    ...blobHeaders(exchange, digest),
    'Content-Length',
    String(bytes.last - bytes.first + 1),
    'Content-Range',
    `bytes ${bytes.first}-${bytes.last}/${opened.size}`,
  ]);
  return sendBytes(exchange, ecr, opened);
}

async function sendBytes(exchange: Exchange, ecr: EcrService, { blob, layer }: OpenLayer): Promise<void> {
  const outcome = await blob.send(exchange.response);
  if (outcome !== 'damaged') return;
  exchange.record.errorCode = 'BLOB_DAMAGED';
  await markDamaged(ecr, layer);
}

export async function deleteBlob({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  switch (await deleteLayer(ecr, ref, checkedDigest(target))) {
    case 'deleted':
      return send(exchange, 202, []);
    case 'absent':
      throw blobUnknown();
    case 'referenced':
      throw blobReferenced();
  }
}

/** The digest when it is one that a blob can have. Throws DigestInvalid. */
function checkedDigest(text: string): string {
  if (parseDigest(text) === undefined) throw digestInvalid();
  return text;
}

function answerNotModified(exchange: Exchange, layer: StoredLayer): boolean {
  const tag = entityTag(layer.digest);
  if (!matchesNone(exchange.request.headers['if-none-match'], tag)) return false;
  send(exchange, 304, ['ETag', tag, 'Docker-Content-Digest', layer.digest]);
  return true;
}

function blobHeaders(exchange: Exchange, digest: string): string[] {
  return [
    ...apiVersion,
    'X-Request-Id',
    exchange.requestId,
    'Content-Type',
    'application/octet-stream',
    'Docker-Content-Digest',
    digest,
    'ETag',
    entityTag(digest),
    'Accept-Ranges',
    'bytes',
  ];
}

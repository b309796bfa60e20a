/**
 * Uploads of blobs: whole, in chunks, streamed, resumed, cancelled, mounted (distribution specification, "Pushing blobs";
 * behaviour page, 9.5 and 9.7). Everything that can refuse a request is asked before its body is, so that a refusal costs the
 * client no upload. Locations are paths, so that they are right whatever proxy stands before the registry.
 */
import { parseDigest } from '../../lib/oci/digest.ts';
import { isRepositoryName } from '../../lib/oci/reference.ts';
import type { UploadRecord } from '../../ports/records.ts';
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { appendUpload } from '../../services/ecr/layers/append-upload.ts';
import { cancelUpload } from '../../services/ecr/layers/cancel-upload.ts';
import { completeUpload } from '../../services/ecr/layers/complete-upload.ts';
import { findUpload } from '../../services/ecr/layers/find-upload.ts';
import { mountLayer } from '../../services/ecr/layers/mount-layer.ts';
import { startUpload } from '../../services/ecr/layers/start-upload.ts';
import { uploadWholeLayer } from '../../services/ecr/layers/upload-whole-layer.ts';
import { findRepository } from '../../services/ecr/repositories/find-repository.ts';
import type { RepositoryRef } from '../../services/ecr/repositories/repository-ref.ts';
import { Fault } from '../../services/fault.ts';
import type { Exchange } from '../http/exchange.ts';
import { BodyCutShort } from '../http/read-body.ts';
import { parseChunkRange, receivedRange } from './chunk-range.ts';
import { send, sendFault } from './error-response.ts';
import { chunkRangeInvalid, digestInvalid, digestMissing } from './faults.ts';
import type { OciRequest } from './oci-request.ts';
import { permit } from './permit.ts';
import { parseQuery } from './query.ts';

/** Starts an upload, or spares the client one: `?mount=` shows a blob that is there already, `?digest=` brings the whole blob along. */
export async function postBlobUpload(request: OciRequest): Promise<void> {
  const { exchange, ecr, caller, ref } = request;
  const query = parseQuery(exchange.query);
  const mount = query.get('mount');
  if (mount !== null) {
    if (parseDigest(mount) === undefined) throw digestInvalid();
    const from = query.get('from') ?? undefined;
    // A source that can not exist is one that does not: the client uploads instead.
    const mountable = from === undefined || isRepositoryName(from);
    if (mountable && (await mountLayer(ecr, caller, ref, mount, from))) return sendStored(exchange, ref, mount);
  } else {
    const digest = query.get('digest');
    if (digest !== null) return postWholeBlob(request, digest);
  }
  const algorithm = query.get('digest-algorithm') ?? 'sha256';
  if (algorithm !== 'sha256' && algorithm !== 'sha512') throw digestInvalid();
  sendProgress(exchange, 202, ref, await startUpload(ecr, ref, { algorithm }));
}

async function postWholeBlob({ exchange, ecr, caller, ref }: OciRequest, digest: string): Promise<void> {
  for (const action of ['ecr:UploadLayerPart', 'ecr:CompleteLayerUpload']) permit(exchange, caller, ref, action);
  if (parseDigest(digest) === undefined) throw digestInvalid();
  await findRepository(ecr, ref);
  exchange.acceptBody();
  const announced = exchange.request.headers['content-length'];
  const size = announced === undefined ? undefined : Number(announced);
  const layer = await uploadWholeLayer(ecr, ref, digest, exchange.request, size);
  if (layer === undefined) throw new BodyCutShort();
  sendStored(exchange, ref, digest);
}

export async function getBlobUpload({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  sendProgress(exchange, 204, ref, await findUpload(ecr, ref, target));
}

/** A chunk with its Content-Range, or the stream of all that is left without. What came of a broken-off request is kept. */
export async function patchBlobUpload({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  const chunk = await checkBeforeBody(exchange, ecr, ref, target);
  if (chunk === 'refused') return;
  exchange.acceptBody();
  const expectedOffset = chunk?.first;
  const appended = await appendUpload(ecr, ref, target, exchange.request, { expectedOffset }).catch(
    outOfOrder(exchange, ref, target),
  );
  if (appended === undefined) return;
  if (!appended.complete) throw new BodyCutShort();
  // Only a body without a length can bring more or less than its range says; Content-Length was compared before.
  if (chunk !== undefined && appended.upload.offset !== chunk.last + 1) throw chunkRangeInvalid();
  sendProgress(exchange, 202, ref, appended.upload);
}

/** Closes an upload as the blob `?digest=`, after the last chunk, or the whole, when it comes along. */
export async function closeBlobUpload({ exchange, ecr, caller, ref, target }: OciRequest): Promise<void> {
  if (hasBody(exchange)) permit(exchange, caller, ref, 'ecr:UploadLayerPart');
  const digest = parseQuery(exchange.query).get('digest');
  if (digest === null) throw digestMissing();
  if (parseDigest(digest) === undefined) throw digestInvalid();
  const chunk = await checkBeforeBody(exchange, ecr, ref, target);
  if (chunk === 'refused') return;
  exchange.acceptBody();
  const lastBytes = hasBody(exchange) ? { source: exchange.request, expectedOffset: chunk?.first } : undefined;
  const stored = await completeUpload(ecr, ref, target, digest, { lastBytes }).catch(outOfOrder(exchange, ref, target));
  if (stored !== undefined) sendStored(exchange, ref, digest);
}

export async function cancelBlobUpload({ exchange, ecr, ref, target }: OciRequest): Promise<void> {
  await cancelUpload(ecr, ref, target);
  send(exchange, 204, []);
}

/**
 * The range of the chunk, after a look whether the upload stands where it begins. Only for a client that says so or waits for `100 Continue`:
 * the use cases look themselves before they read a byte, and docker does neither: two reads of the database less for a blob. Throws
 * ChunkInvalid, RepositoryNotFound and UploadNotFound.
 */
async function checkBeforeBody(exchange: Exchange, ecr: EcrService, ref: RepositoryRef, uploadId: string) {
  const { headers } = exchange.request;
  if (headers['content-range'] === undefined && headers.expect === undefined) return undefined;
  const upload = await findUpload(ecr, ref, uploadId);
  const chunk = chunkOf(exchange);
  if (chunk === undefined || chunk.first === upload.offset) return chunk;
  refuseChunk(exchange, ref, upload, chunk.first);
  return 'refused';
}

/** The Content-Range of the request, which must be as long as its Content-Length. Throws ChunkInvalid. */
function chunkOf(exchange: Exchange) {
  const { headers } = exchange.request;
  const chunk = parseChunkRange(headers['content-range']);
  if (chunk === undefined) return undefined;
  if (chunk === 'malformed') throw chunkRangeInvalid();
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== chunk.last - chunk.first + 1) throw chunkRangeInvalid();
  return chunk;
}

function hasBody(exchange: Exchange): boolean {
  const { headers } = exchange.request;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Out of order: 416 says where the upload stands and where to go on. */
function refuseChunk(exchange: Exchange, ref: RepositoryRef, upload: UploadRecord, first: number): void {
  sendFault(
    exchange,
    new Fault('InvalidLayerPartException', `First byte of the layer part is ${first} instead of ${upload.offset}`),
    progressHeaders(ref, upload.id, upload.offset),
  );
}

/** The same for a chunk that another request overtook between the look at the upload and the writing. */
function outOfOrder(exchange: Exchange, ref: RepositoryRef, uploadId: string) {
  return (error: unknown): undefined => {
    if (!(error instanceof Fault) || error.code !== 'InvalidLayerPartException') throw error;
    if (exchange.request.destroyed && !exchange.request.complete) throw new BodyCutShort();
    const last = error.members.lastValidByteReceived;
    sendFault(exchange, error, progressHeaders(ref, uploadId, typeof last === 'number' ? last + 1 : 0));
    return undefined;
  };
}

function sendProgress(exchange: Exchange, status: 202 | 204, ref: RepositoryRef, upload: UploadRecord): void {
  send(exchange, status, progressHeaders(ref, upload.id, upload.offset));
}

function progressHeaders(ref: RepositoryRef, uploadId: string, offset: number): string[] {
  return [
    'Location',
    `/v2/${ref.name}/blobs/uploads/${uploadId}`,
    'Range',
    receivedRange(offset),
    'Docker-Upload-UUID',
    uploadId,
  ];
}

function sendStored(exchange: Exchange, ref: RepositoryRef, digest: string): void {
  send(exchange, 201, ['Location', `/v2/${ref.name}/blobs/${digest}`, 'Docker-Content-Digest', digest]);
}

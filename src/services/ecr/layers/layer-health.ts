/** Whether the bytes of a layer can be trusted, and what follows when not: a damaged layer is answered as absent. */
import type { BlobRecord, StoredLayer } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';

/**
 * The layer when its bytes are good. Costs a look at the object; one that looks different from when it was known to be good is
 * read and hashed, once for all who ask meanwhile. Undefined when it is damaged or gone; rejects when the whole store seems to be. What has been healed since the layer was read is
 * looked at where it lies now.
 */
export async function trustLayer(ecr: EcrService, layer: StoredLayer): Promise<StoredLayer | undefined> {
  if (layer.blob.damaged) return undefined;
  switch (await ecr.blobs.check(layer.blob)) {
    case 'good':
      return layer;
    case 'absent':
      await markAbsent(ecr, layer);
      break;
    case 'changed': {
      const blob = await verifyBlob(ecr, layer.blob);
      if (blob !== undefined) return { ...layer, blob };
    }
  }
  const moved = await findMoved(ecr, layer);
  return moved && trustLayer(ecr, moved);
}

/** The layer as it is now, when a push has put another object in the place of the one that was found bad; on any node, at any moment. */
export async function findMoved(ecr: EcrService, layer: StoredLayer): Promise<StoredLayer | undefined> {
  const present = await ecr.metadata.read((tx) => tx.layers.find(layer.repositoryId, layer.digest));
  return present?.blob.location === layer.blob.location ? undefined : present;
}

/** Reads and hashes a blob and records what came of it. Answers the blob as it looks now, or undefined when it is bad. */
export function verifyBlob(ecr: EcrService, blob: BlobRecord): Promise<BlobRecord | undefined> {
  const running = ecr.verifying.get(blob.location);
  if (running !== undefined) return running;
  const verification = hashAndRecord(ecr, blob).finally(() => ecr.verifying.delete(blob.location));
  ecr.verifying.set(blob.location, verification);
  return verification;
}

async function hashAndRecord(ecr: EcrService, blob: BlobRecord): Promise<BlobRecord | undefined> {
  const result = await ecr.blobs.verify(blob);
  if (typeof result === 'string') {
    if (result === 'absent') await ecr.storeMark.require();
    if (!blob.damaged) await record(ecr, blob, 'damaged');
    return undefined;
  }
  // Nothing new to write: a scrub of all that is stored must not cost a commit and everybody's caches for each blob.
  if (result.fingerprint === blob.fingerprint && !blob.damaged) return blob;
  const good = { fingerprint: result.fingerprint, verifiedAt: ecr.clock.now() };
  await record(ecr, blob, good);
  return { ...blob, ...good, damaged: false };
}

/**
 * Call when there is no object, or one of another size, where the blob should be. From then on it is absent until it is pushed again. Rejects with
 * BlobStoreUnavailable, and nothing is recorded, when the whole store seems to be gone or another.
 */
export async function markAbsent(ecr: EcrService, layer: Pick<StoredLayer, 'blob'>): Promise<void> {
  await ecr.storeMark.require();
  await markDamaged(ecr, layer);
}

/** Call when the bytes of a blob turned out damaged while it was sent. From then on it is absent until it is pushed again. */
export function markDamaged(ecr: EcrService, layer: Pick<StoredLayer, 'blob'>): Promise<void> {
  return record(ecr, layer.blob, 'damaged');
}

/** Says nothing about the object that a push has put in its place meanwhile. */
function record(
  ecr: EcrService,
  blob: BlobRecord,
  result: { fingerprint: string; verifiedAt: number } | 'damaged',
): Promise<void> {
  return ecr.metadata.write(function* (tx) {
    const present = yield* tx.blobs.findByDigest(blob.digest);
    if (present?.location === blob.location) yield* tx.blobs.setVerified(blob.id, result);
  });
}

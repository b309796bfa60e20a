/** Re-reads every stored layer and compares it with its digest. */
import type { Ports } from '../../ports/ports.ts';
import type { BlobRecord } from '../../ports/records.ts';
import type { Finding } from './finding.ts';
import { createMarkWatch } from './layer-store-mark.ts';

/** After each layer; `bytes` is its size, whether or not it could be read. */
export interface VerifiedLayer {
  readonly bytes: number;
  readonly finding: Finding | undefined;
}

const PAGE = 200;

/** How much there is to read. */
export async function sizeOfLayers({ metadata }: Pick<Ports, 'metadata'>): Promise<{ layers: number; bytes: number }> {
  let layers = 0;
  let bytes = 0;
  for await (const page of allBlobs(metadata)) {
    layers += page.length;
    for (const blob of page) bytes += blob.size;
  }
  return { layers, bytes };
}

/**
 * One after the other. What is found is recorded, as the background's reading does: a damaged layer is answered as absent from
 * then on, so that the next push heals it, and a good one whose file looks new (a restored backup) is trusted again. Rejects with
 * BlobStoreUnavailable when the whole store seems to be gone.
 */
export async function* verifyLayers({
  metadata,
  blobs,
  clock,
}: Pick<Ports, 'metadata' | 'blobs' | 'clock'>): AsyncGenerator<VerifiedLayer> {
  const storeMark = createMarkWatch({ metadata, blobs });
  for await (const page of allBlobs(metadata)) {
    for (const blob of page) {
      const result = await blobs.verify(blob);
      if (result === 'absent') await storeMark.require();
      // A push or the background may have moved or removed the layer while we were reading: judge the one that is there now.
      const present = await metadata.read((tx) => tx.blobs.findByDigest(blob.digest));
      if (present?.location !== blob.location) {
        yield { bytes: blob.size, finding: undefined };
        continue;
      }
      const isBad = typeof result === 'string';
      if (isBad !== blob.damaged || (!isBad && result.fingerprint !== blob.fingerprint)) {
        await record(
          { metadata },
          blob,
          isBad ? 'damaged' : { fingerprint: result.fingerprint, verifiedAt: clock.now() },
        );
      }
      yield { bytes: blob.size, finding: isBad ? findingOf(blob, result) : undefined };
    }
  }
}

function record(
  { metadata }: Pick<Ports, 'metadata'>,
  blob: BlobRecord,
  result: { fingerprint: string; verifiedAt: number } | 'damaged',
): Promise<void> {
  return metadata.write(function* (tx) {
    const present = yield* tx.blobs.findByDigest(blob.digest);
    if (present?.location === blob.location) yield* tx.blobs.setVerified(blob.id, result);
  });
}

function findingOf(blob: BlobRecord, result: 'damaged' | 'absent'): Finding {
  const { digest, location: place } = blob;
  return result === 'absent'
    ? { kind: 'layer-missing', digest, place, detail: 'the object is not there' }
    : { kind: 'layer-damaged', digest, place, detail: `the object is not ${blob.size} bytes with this digest` };
}

async function* allBlobs(metadata: Ports['metadata']): AsyncGenerator<BlobRecord[]> {
  let after: number | undefined;
  for (;;) {
    const page = await metadata.read((tx) => tx.blobs.list({ limit: PAGE, ...(after === undefined ? {} : { after }) }));
    if (page.length === 0) return;
    yield page;
    after = page.at(-1)!.id;
  }
}

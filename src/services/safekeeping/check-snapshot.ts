/** Reads every layer of a snapshot out of its backup and compares it with its digest. */
import { inParallel } from '../../lib/in-parallel.ts';
import type { BackupPlace } from '../../ports/backup-place.ts';
import type { CopiedLayer, DatabaseCopy } from '../../ports/database-copy.ts';

const PARALLEL = 4;

/** Answers each layer once, in no order. */
export function checkSnapshot(
  place: Pick<BackupPlace, 'verifyLayer'>,
  copy: Pick<DatabaseCopy, 'layers'>,
): AsyncGenerator<{ digest: string; bytes: number; whole: boolean }> {
  return inParallel(each(copy), PARALLEL, async (layer) => ({
    digest: layer.digest,
    bytes: layer.size,
    whole: await place.verifyLayer(layer),
  }));
}

function* each(copy: Pick<DatabaseCopy, 'layers'>): Generator<CopiedLayer> {
  for (const slice of copy.layers()) yield* slice;
}

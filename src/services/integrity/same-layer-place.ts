/** All processes on one database look for layers in the same place, or each would take those of the others for lost. */
import type { Ports } from '../../ports/ports.ts';

/** This process keeps layers elsewhere; the message says what to do. */
export class OtherLayerPlace extends Error {
  override readonly name = 'OtherLayerPlace';
}

const NAME = 'layer-place';
const STORE = 's3';

/**
 * `place` is that of this process: `s3`, or the id of a directory. Fixes it at first start; afterwards rejects with OtherLayerPlace when it is
 * another one. Which bucket is not asked: a restored database may go with a restored bucket of another name.
 */
export async function confirmLayerPlace({ metadata }: Pick<Ports, 'metadata'>, place: string): Promise<void> {
  let fixed = await metadata.read((tx) => tx.installation.find(NAME));
  if (fixed === undefined) {
    fixed = await metadata.write(function* (tx) {
      yield* tx.installation.add(NAME, place);
      return yield* tx.installation.find(NAME);
    });
  }
  if (fixed === place) return;
  if (fixed === STORE) {
    throw new OtherLayerPlace(
      'The layers of this database are in an S3-compatible store. Give this node the same --blobs (LONGSHORE_BLOBS) as the others.',
    );
  }
  throw new OtherLayerPlace(
    place === STORE
      ? 'The layers of this database are files in the data directory of a node. `longshore move --to-blobs` brings them into a store.'
      : 'The layers of this database are files in another data directory. Give its path with --data, or keep layers where all nodes reach them: `longshore move --to-blobs`.',
  );
}

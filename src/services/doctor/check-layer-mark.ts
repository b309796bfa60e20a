/** Whether the layer store is the one of this installation; looks only, and leaves no mark where there is none. */
import type { BlobStore } from '../../ports/blob-store.ts';
import { good, type HealthFinding, problem } from '../../ports/health-finding.ts';
import { type LayerStorePlace, problemOf } from '../integrity/layer-store-mark.ts';

const ABOUT = 'layer store';

/** `id` is the installation's, undefined before it has one; `blobs` is undefined when nothing is there to be opened. */
export async function checkLayerMark(
  id: string | undefined,
  blobs: Pick<BlobStore, 'readMark'> | undefined,
  place: LayerStorePlace,
): Promise<HealthFinding> {
  const mark = await blobs?.readMark();
  if (mark !== undefined && mark === id) return good(ABOUT, `${place.name} is that of the installation`);
  if (mark === undefined && id === undefined) return good(ABOUT, 'the first start marks it');
  const { detail, advice } = problemOf(mark === undefined ? 'unmarked' : 'other', place, id ?? '');
  return problem(ABOUT, detail, advice);
}

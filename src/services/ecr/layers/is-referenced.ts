/** Whether an image of the repository refers to a layer. */
import type { StoredLayer } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';

/** A cached layer may not know yet of an image that was pushed since, so that only its yes is believed. */
export async function isReferenced(ecr: EcrService, layer: StoredLayer): Promise<boolean> {
  if (layer.referenced) return true;
  const present = await ecr.metadata.read((tx) => tx.layers.find(layer.repositoryId, layer.digest));
  return present?.referenced ?? false;
}

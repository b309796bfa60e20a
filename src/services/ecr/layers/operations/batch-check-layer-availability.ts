/** BatchCheckLayerAvailability. */
import type {
  BatchCheckLayerAvailabilityRequest,
  BatchCheckLayerAvailabilityResponse,
  Layer,
  LayerFailure,
} from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { findRepository } from '../../repositories/find-repository.ts';
import { findLayer } from '../find-layer.ts';
import { findLayerDigestFlaw } from '../layer-digest.ts';

type Input = Given<BatchCheckLayerAvailabilityRequest, 'repositoryName' | 'layerDigests'>;

/** A layer that is not there is no failure: it is UNAVAILABLE. */
export const batchCheckLayerAvailability = operation<Input, BatchCheckLayerAvailabilityResponse>({
  name: 'BatchCheckLayerAvailability',
  action: 'ecr:BatchCheckLayerAvailability',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    await findRepository(context.ecr, ref);
    const layers: Layer[] = [];
    const failures: LayerFailure[] = [];
    for (const layerDigest of new Set(input.layerDigests)) {
      const flaw = findLayerDigestFlaw(layerDigest);
      if (flaw !== undefined) {
        failures.push({ layerDigest, ...flaw });
        continue;
      }
      const layer = await findLayer(context.ecr, ref, layerDigest);
      layers.push(
        layer === undefined
          ? { layerDigest, layerAvailability: 'UNAVAILABLE' }
          : { layerDigest, layerAvailability: 'AVAILABLE', layerSize: layer.blob.size },
      );
    }
    return { layers, failures };
  },
});

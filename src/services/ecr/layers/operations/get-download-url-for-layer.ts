/** GetDownloadUrlForLayer. */
import type { GetDownloadUrlForLayerRequest, GetDownloadUrlForLayerResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { layerInaccessible, layerNotFound } from '../../faults.ts';
import { downloadUrl } from '../download-token.ts';
import { findLayer } from '../find-layer.ts';
import { isReferenced } from '../is-referenced.ts';

type Input = Given<GetDownloadUrlForLayerRequest, 'repositoryName' | 'layerDigest'>;

export const getDownloadUrlForLayer = operation<Input, GetDownloadUrlForLayerResponse>({
  name: 'GetDownloadUrlForLayer',
  action: 'ecr:GetDownloadUrlForLayer',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const layer = await findLayer(context.ecr, ref, input.layerDigest);
    if (layer === undefined) throw layerNotFound(input.layerDigest, ref);
    if (!(await isReferenced(context.ecr, layer))) throw layerInaccessible(layer.digest, ref);
    const { keys, clock } = context.ports;
    return {
      downloadUrl: downloadUrl(keys, context.settings, { ...ref, digest: layer.digest }, clock.now()),
      layerDigest: layer.digest,
    };
  },
});

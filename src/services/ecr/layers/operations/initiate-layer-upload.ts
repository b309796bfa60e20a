/** InitiateLayerUpload. */
import type { InitiateLayerUploadRequest, InitiateLayerUploadResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { limits } from '../../limits.ts';
import { startUpload } from '../start-upload.ts';

type Input = Given<InitiateLayerUploadRequest, 'repositoryName'>;

export const initiateLayerUpload = operation<Input, InitiateLayerUploadResponse>({
  name: 'InitiateLayerUpload',
  action: 'ecr:InitiateLayerUpload',
  resource: repositoryResource,
  async handle(context, input) {
    const upload = await startUpload(context.ecr, calledRepository(context, input));
    return { uploadId: upload.id, partSize: limits.suggestedLayerPart };
  },
});

/** BatchDeleteImage. */
import type { BatchDeleteImageRequest, BatchDeleteImageResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { deleteImages } from '../delete-images.ts';

type Input = Given<BatchDeleteImageRequest, 'repositoryName' | 'imageIds'>;

export const batchDeleteImage = operation<Input, BatchDeleteImageResponse>({
  name: 'BatchDeleteImage',
  action: 'ecr:BatchDeleteImage',
  resource: repositoryResource,
  async handle(context, input) {
    const { imageIds, failures } = await deleteImages(context.ecr, calledRepository(context, input), input.imageIds);
    return { imageIds: [...imageIds], failures: [...failures] };
  },
});

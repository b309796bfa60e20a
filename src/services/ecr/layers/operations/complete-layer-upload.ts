/** CompleteLayerUpload. */
import type { CompleteLayerUploadRequest, CompleteLayerUploadResponse } from '@aws-sdk/client-ecr';
import type { UploadRecord } from '../../../../ports/records.ts';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { emptyUpload, layerAlreadyExists, layerPartTooSmall } from '../../faults.ts';
import { completeUpload } from '../complete-upload.ts';
import { judgeParts } from '../part-rules.ts';

type Input = Given<CompleteLayerUploadRequest, 'repositoryName' | 'uploadId' | 'layerDigests'>;

/** A layer that is there already is told as LayerAlreadyExists, and ends the upload all the same. */
export const completeLayerUpload = operation<Input, CompleteLayerUploadResponse>({
  name: 'CompleteLayerUpload',
  action: 'ecr:CompleteLayerUpload',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const { uploadId } = input;
    const { digest, alreadyThere } = await completeUpload(context.ecr, ref, uploadId, input.layerDigests[0] ?? '', {
      judge: requireGoodParts,
    });
    if (alreadyThere) throw layerAlreadyExists(digest, ref);
    return { registryId: ref.accountId, repositoryName: ref.name, uploadId, layerDigest: digest };
  },
});

function requireGoodParts(upload: UploadRecord): void {
  switch (judgeParts(upload)) {
    case 'empty':
      throw emptyUpload(upload.id);
    case 'part-too-small':
      throw layerPartTooSmall();
    case 'complete':
      return;
  }
}

/** UploadLayerPart. */
import { Readable } from 'node:stream';
import type { UploadLayerPartRequest, UploadLayerPartResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { invalidLayerPart, tooManyLayerParts } from '../../faults.ts';
import { limits } from '../../limits.ts';
import { appendUpload } from '../append-upload.ts';
import { afterPart, findPartFlaw, mayTakePart } from '../part-rules.ts';

type Input = Given<
  UploadLayerPartRequest,
  'repositoryName' | 'uploadId' | 'partFirstByte' | 'partLastByte' | 'layerPartBlob'
>;

export const uploadLayerPart = operation<Input, UploadLayerPartResponse>({
  name: 'UploadLayerPart',
  action: 'ecr:UploadLayerPart',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const { uploadId, layerPartBlob: bytes } = input;
    const part = { first: input.partFirstByte, last: input.partLastByte, length: bytes.byteLength };
    const { upload } = await appendUpload(context.ecr, ref, uploadId, Readable.from([bytes]), {
      part(present) {
        const flaw = findPartFlaw(part, present.offset);
        if (flaw !== undefined) throw invalidLayerPart(flaw, ref, uploadId, present.offset - 1);
        if (!mayTakePart(present, limits)) throw tooManyLayerParts(uploadId, limits.layerParts);
        return afterPart(present, bytes.byteLength, limits);
      },
    });
    return {
      registryId: ref.accountId,
      repositoryName: ref.name,
      uploadId,
      lastByteReceived: upload.offset - 1,
    };
  },
});

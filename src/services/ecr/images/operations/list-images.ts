/** ListImages. */
import type { ListImagesRequest, ListImagesResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { cutPage } from '../../page.ts';
import { issuePageToken, type Listing, readPageToken } from '../../page-token.ts';
import { repositoryIn } from '../../repositories/find-repository.ts';
import { showsActiveImages } from '../image-status.ts';

const defaultPage = 100;

/** One entry for each tag, one for each untagged image, in push order. */
export const listImages = operation<Given<ListImagesRequest, 'repositoryName'>, ListImagesResponse>({
  name: 'ListImages',
  action: 'ecr:ListImages',
  resource: repositoryResource,
  async handle(context, input) {
    const { keys } = context.ports;
    const ref = calledRepository(context, input);
    const tagStatus = input.filter?.tagStatus ?? 'ANY';
    const imageStatus = input.filter?.imageStatus ?? 'ACTIVE';
    const listing: Listing = ['ListImages', ref.accountId, ref.region, ref.name, tagStatus, imageStatus];
    const after = readPageToken<{ imageId: number; sequence: number }>(keys, listing, input.nextToken);
    const limit = input.maxResults ?? defaultPage;
    const read = await context.ecr.metadata.read(function* (tx) {
      const repository = yield* repositoryIn(tx, ref);
      if (!showsActiveImages(imageStatus)) return [];
      return yield* tx.images.listIds(repository.id, { tagStatus, limit: limit + 1, ...(after && { after }) });
    });
    const { rows, last, more } = cutPage(read, limit);
    return {
      imageIds: rows.map(({ digest, tag }) => ({ imageDigest: digest, ...(tag !== undefined && { imageTag: tag }) })),
      ...(more &&
        last && { nextToken: issuePageToken(keys, listing, { imageId: last.imageId, sequence: last.sequence }) }),
    };
  },
});

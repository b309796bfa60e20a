/** DescribeImages. */
import type {
  DescribeImagesRequest,
  DescribeImagesResponse,
  ImageDetail,
  ImageIdentifier,
  TagStatus,
} from '@aws-sdk/client-ecr';
import type { MetadataTx } from '../../../../ports/metadata.ts';
import type { ImageSummary } from '../../../../ports/records.ts';
import type { Work } from '../../../../ports/work.ts';
import type { Given } from '../../../given.ts';
import { type OperationContext, operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { imageNotFound, invalidParameter } from '../../faults.ts';
import { cutPage } from '../../page.ts';
import { issuePageToken, type Listing, readPageToken } from '../../page-token.ts';
import { repositoryIn } from '../../repositories/find-repository.ts';
import type { RepositoryRef } from '../../repositories/repository-ref.ts';
import { distinctIds } from '../image-id.ts';
import { showsActiveImages } from '../image-status.ts';
import { resolveImage } from '../resolve-image.ts';

type Input = Given<DescribeImagesRequest, 'repositoryName'>;

const defaultPage = 100;

/** One entry for each image, in push order, or in the order asked for; an id that does not exist fails the whole call. */
export const describeImages = operation<Input, DescribeImagesResponse>({
  name: 'DescribeImages',
  action: 'ecr:DescribeImages',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const ids = input.imageIds;
    return ids === undefined || ids.length === 0
      ? describePage(context, ref, input)
      : describeIds(context, ref, input, ids);
  },
});

async function describePage(
  context: OperationContext,
  ref: RepositoryRef,
  input: Input,
): Promise<DescribeImagesResponse> {
  const { keys } = context.ports;
  const tagStatus = input.filter?.tagStatus ?? 'ANY';
  const imageStatus = input.filter?.imageStatus ?? 'ACTIVE';
  const listing: Listing = ['DescribeImages', ref.accountId, ref.region, ref.name, tagStatus, imageStatus];
  const after = readPageToken<number>(keys, listing, input.nextToken);
  const limit = input.maxResults ?? defaultPage;
  const read = await context.ecr.metadata.read(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    if (!showsActiveImages(imageStatus)) return [];
    return yield* tx.images.list(repository.id, { tagStatus, limit: limit + 1, ...(after !== undefined && { after }) });
  });
  const { rows, last, more } = cutPage(read, limit);
  return {
    imageDetails: rows.map((image) => imageDetail(context, ref, image)),
    ...(more && { nextToken: issuePageToken(keys, listing, last?.id) }),
  };
}

async function describeIds(
  context: OperationContext,
  ref: RepositoryRef,
  input: Input,
  ids: readonly ImageIdentifier[],
): Promise<DescribeImagesResponse> {
  const found = await context.ecr.metadata.read(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    const summaries = new Map<number, ImageSummary>();
    for (const id of distinctIds(ids)) {
      const summary = yield* summaryOf(tx, repository.id, ref, id);
      summaries.set(summary.id, summary);
    }
    return [...summaries.values()];
  });
  const shown = showsActiveImages(input.filter?.imageStatus ?? 'ACTIVE') ? found : [];
  return {
    imageDetails: shown
      .filter(({ tags }) => hasTagStatus(tags, input.filter?.tagStatus ?? 'ANY'))
      .map((image) => imageDetail(context, ref, image)),
  };
}

function* summaryOf(tx: MetadataTx, repositoryId: number, ref: RepositoryRef, id: ImageIdentifier): Work<ImageSummary> {
  if (id.imageDigest === undefined && id.imageTag === undefined) {
    throw invalidParameter('imageIds', 'Invalid request parameters: both tag and digest cannot be null');
  }
  const resolved = yield* resolveImage(tx, repositoryId, id);
  const summary = typeof resolved === 'string' ? undefined : yield* tx.images.summary(resolved.image.id);
  if (summary === undefined) throw imageNotFound(id, ref);
  return summary;
}

function hasTagStatus(tags: readonly string[], status: TagStatus): boolean {
  return status === 'ANY' || (status === 'TAGGED') === tags.length > 0;
}

/** Absent is what does not apply: tags of an untagged image, the artifact type of an index, the time of a pull that never was. */
function imageDetail(context: OperationContext, ref: RepositoryRef, image: ImageSummary): ImageDetail {
  const pulledAt = Math.max(context.ecr.pullTimes.of(image.id) ?? 0, image.lastPulledAt ?? 0);
  return {
    registryId: ref.accountId,
    repositoryName: ref.name,
    imageDigest: image.digest,
    ...(image.tags.length > 0 && { imageTags: [...image.tags] }),
    imageSizeInBytes: image.imageSize,
    imagePushedAt: new Date(image.pushedAt),
    imageManifestMediaType: image.mediaType,
    ...(image.artifactMediaType !== undefined && { artifactMediaType: image.artifactMediaType }),
    ...(pulledAt > 0 && { lastRecordedPullTime: new Date(pulledAt) }),
    ...(image.subjectDigest !== undefined && { subjectManifestDigest: image.subjectDigest }),
    imageStatus: 'ACTIVE',
  };
}

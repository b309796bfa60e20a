/** ListImageReferrers. */
import type { ListImageReferrersRequest, ListImageReferrersResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { issuePageToken, type Listing, readPageToken } from '../../page-token.ts';
import { findRepository } from '../../repositories/find-repository.ts';
import { showsActiveImages } from '../image-status.ts';
import { listReferrers } from '../list-referrers.ts';

type Input = Given<ListImageReferrersRequest, 'repositoryName' | 'subjectId'>;

const defaultPage = 20;

export const listImageReferrers = operation<Input, ListImageReferrersResponse>({
  name: 'ListImageReferrers',
  // ECR has no action of this operation's own name.
  action: 'ecr:BatchGetImage',
  resource: repositoryResource,
  async handle(context, input) {
    const { keys } = context.ports;
    const ref = calledRepository(context, input);
    const subject = input.subjectId.imageDigest ?? '';
    const artifactTypes = input.filter?.artifactTypes?.length ? input.filter.artifactTypes : undefined;
    const status = input.filter?.artifactStatus ?? 'ACTIVE';
    const listing: Listing = [
      'ListImageReferrers',
      ref.accountId,
      ref.region,
      ref.name,
      subject,
      artifactTypes ?? null,
      status,
    ];
    const after = readPageToken<number>(keys, listing, input.nextToken);
    if (!showsActiveImages(status)) {
      await findRepository(context.ecr, ref);
      return { referrers: [] };
    }
    const limit = input.maxResults ?? defaultPage;
    const { referrers, next } = await listReferrers(context.ecr, ref, subject, { after, limit, artifactTypes });
    return {
      referrers: referrers.map((referrer) => ({
        ...referrer,
        annotations: { ...referrer.annotations },
        artifactStatus: 'ACTIVE',
      })),
      ...(next !== undefined && { nextToken: issuePageToken(keys, listing, next) }),
    };
  },
});

/** ListTagsForResource. */
import type { ListTagsForResourceRequest, ListTagsForResourceResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { findRepository } from '../find-repository.ts';
import { namedResource, repositoryOfArn } from '../resource-of-arn.ts';

type Input = Given<ListTagsForResourceRequest, 'resourceArn'>;

export const listTagsForResource = operation<Input, ListTagsForResourceResponse>({
  name: 'ListTagsForResource',
  action: 'ecr:ListTagsForResource',
  resource: namedResource,
  async handle(context, input) {
    const repository = await findRepository(context.ecr, repositoryOfArn(input.resourceArn, context));
    return { tags: [...repository.resourceTags] };
  },
});

/** ListTagsForResource. */
import type { ListTagsForResourceRequest, ListTagsForResourceResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { repositoryArn } from '../../arn.ts';
import { findRepository } from '../find-repository.ts';
import { repositoryOfArn } from '../resource-of-arn.ts';

type Input = Given<ListTagsForResourceRequest, 'resourceArn'>;

export const listTagsForResource = operation<Input, ListTagsForResourceResponse>({
  name: 'ListTagsForResource',
  action: 'ecr:ListTagsForResource',
  resource(input, context) {
    const ref = repositoryOfArn(input.resourceArn, context);
    return repositoryArn(ref, ref.name);
  },
  async handle(context, input) {
    const repository = await findRepository(context.ecr, repositoryOfArn(input.resourceArn, context));
    return { tags: [...repository.resourceTags] };
  },
});

/** TagResource. */
import type { TagResourceRequest, TagResourceResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { repositoryArn } from '../../arn.ts';
import { repositoryIn } from '../find-repository.ts';
import { repositoryOfArn } from '../resource-of-arn.ts';
import { withTags } from '../resource-tags.ts';

export const tagResource = operation<Given<TagResourceRequest, 'resourceArn' | 'tags'>, TagResourceResponse>({
  name: 'TagResource',
  action: 'ecr:TagResource',
  resource(input, context) {
    const ref = repositoryOfArn(input.resourceArn, context);
    return repositoryArn(ref, ref.name);
  },
  async handle(context, input) {
    const ref = repositoryOfArn(input.resourceArn, context);
    await context.ecr.metadata.write(function* (tx) {
      const repository = yield* repositoryIn(tx, ref);
      yield* tx.repositories.setResourceTags(repository.id, withTags(repository.resourceTags, input.tags));
    });
    return {};
  },
});

/** UntagResource. Removing what is not there succeeds. */
import type { UntagResourceRequest, UntagResourceResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { repositoryArn } from '../../arn.ts';
import { repositoryIn } from '../find-repository.ts';
import { repositoryOfArn } from '../resource-of-arn.ts';
import { withoutTags } from '../resource-tags.ts';

export const untagResource = operation<Given<UntagResourceRequest, 'resourceArn' | 'tagKeys'>, UntagResourceResponse>({
  name: 'UntagResource',
  action: 'ecr:UntagResource',
  resource(input, context) {
    const ref = repositoryOfArn(input.resourceArn, context);
    return repositoryArn(ref, ref.name);
  },
  async handle(context, input) {
    const ref = repositoryOfArn(input.resourceArn, context);
    await context.ecr.metadata.write(function* (tx) {
      const repository = yield* repositoryIn(tx, ref);
      yield* tx.repositories.setResourceTags(repository.id, withoutTags(repository.resourceTags, input.tagKeys));
    });
    return {};
  },
});

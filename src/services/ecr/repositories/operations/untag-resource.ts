/** UntagResource. Removing what is not there succeeds. */
import type { UntagResourceRequest, UntagResourceResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { changeResourceTags } from '../change-resource-tags.ts';
import { namedResource } from '../resource-of-arn.ts';
import { withoutTags } from '../resource-tags.ts';

export const untagResource = operation<Given<UntagResourceRequest, 'resourceArn' | 'tagKeys'>, UntagResourceResponse>({
  name: 'UntagResource',
  action: 'ecr:UntagResource',
  resource: namedResource,
  async handle(context, input) {
    await changeResourceTags(context, input.resourceArn, (tags) => withoutTags(tags, input.tagKeys));
    return {};
  },
});

/** TagResource. */
import type { TagResourceRequest, TagResourceResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { changeResourceTags } from '../change-resource-tags.ts';
import { namedResource } from '../resource-of-arn.ts';
import { withTags } from '../resource-tags.ts';

export const tagResource = operation<Given<TagResourceRequest, 'resourceArn' | 'tags'>, TagResourceResponse>({
  name: 'TagResource',
  action: 'ecr:TagResource',
  resource: namedResource,
  async handle(context, input) {
    await changeResourceTags(context, input.resourceArn, (tags) => withTags(tags, input.tags));
    return {};
  },
});

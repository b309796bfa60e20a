/** DescribeRegistry. Replication is not built, so there are never rules. */
import type { DescribeRegistryRequest, DescribeRegistryResponse } from '@aws-sdk/client-ecr';
import { operation } from '../../../operation.ts';
import { anyResource } from '../../called-repository.ts';

export const describeRegistry = operation<DescribeRegistryRequest, DescribeRegistryResponse>({
  name: 'DescribeRegistry',
  action: 'ecr:DescribeRegistry',
  resource: anyResource,
  async handle({ caller }) {
    return { registryId: caller.accountId, replicationConfiguration: { rules: [] } };
  },
});

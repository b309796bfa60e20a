/** PutImageTagMutability. */
import type { PutImageTagMutabilityRequest, PutImageTagMutabilityResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { invalidParameter } from '../../faults.ts';
import { repositoryIn } from '../find-repository.ts';
import { exclusionFiltersOf, tagMutabilityShape } from '../repository-shape.ts';
import { findTagRulesFlaw } from '../tag-mutability.ts';

type Input = Given<PutImageTagMutabilityRequest, 'repositoryName' | 'imageTagMutability'>;

/** Tags that exist are not touched. */
export const putImageTagMutability = operation<Input, PutImageTagMutabilityResponse>({
  name: 'PutImageTagMutability',
  action: 'ecr:PutImageTagMutability',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const flaw = findTagRulesFlaw(input.imageTagMutability, input.imageTagMutabilityExclusionFilters);
    if (flaw !== undefined) throw invalidParameter('imageTagMutabilityExclusionFilters', flaw);
    const tagMutability = input.imageTagMutability;
    const exclusionFilters = exclusionFiltersOf(input.imageTagMutabilityExclusionFilters);
    await context.ecr.metadata.write(function* (tx) {
      const repository = yield* repositoryIn(tx, ref);
      yield* tx.repositories.setTagMutability(repository.id, tagMutability, exclusionFilters);
    });
    return {
      registryId: ref.accountId,
      repositoryName: ref.name,
      ...tagMutabilityShape({ tagMutability, exclusionFilters }),
    };
  },
});

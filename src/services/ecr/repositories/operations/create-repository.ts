/** CreateRepository. */
import type { CreateRepositoryRequest, CreateRepositoryResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { unrecognizedClient } from '../../../request-faults.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { invalidParameter, kmsKeysNotSupported, repositoryAlreadyExists, tooManyRepositories } from '../../faults.ts';
import { exclusionFiltersOf, repositoryShape } from '../repository-shape.ts';
import { newResourceTags } from '../resource-tags.ts';
import { findTagRulesFlaw } from '../tag-mutability.ts';

type Input = Given<CreateRepositoryRequest, 'repositoryName'>;

export const createRepository = operation<Input, CreateRepositoryResponse>({
  name: 'CreateRepository',
  action: 'ecr:CreateRepository',
  resource: repositoryResource,
  async handle(context, input) {
    const { ecr } = context;
    const ref = calledRepository(context, input);
    const tagMutability = input.imageTagMutability ?? 'MUTABLE';
    const flaw = findTagRulesFlaw(tagMutability, input.imageTagMutabilityExclusionFilters);
    if (flaw !== undefined) throw invalidParameter('imageTagMutabilityExclusionFilters', flaw);
    requireNoKey(input);
    const resourceTags = newResourceTags(input.tags ?? []);
    const registry = `${ref.accountId} ${ref.region}`;

    const repository = await ecr.metadata.write(function* (tx) {
      // Found, it stays: nobody deletes an account that gets a repository, and who comes second counts that of the first.
      if ((yield* tx.accounts.find(ref.accountId)) === undefined) throw unrecognizedClient();
      const added = yield* tx.repositories.add({
        ...ref,
        createdAt: ecr.clock.now(),
        tagMutability,
        exclusionFilters: exclusionFiltersOf(input.imageTagMutabilityExclusionFilters),
        scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
        encryptionType: 'AES256',
        resourceTags,
      });
      if (added === undefined) throw repositoryAlreadyExists(ref.name, ref.accountId);
      // The new one is counted already, so that one beyond the limit undoes it.
      const hasRoom = yield* ecr.repositoryQuota.hasRoom(registry, function* () {
        return (yield* tx.repositories.count(ref)) - 1;
      });
      if (!hasRoom) throw tooManyRepositories(ref.name, ecr.repositoryQuota.limit);
      return added;
    });
    ecr.repositoryQuota.added(registry);
    return { repository: repositoryShape(context.settings, repository) };
  },
});

/** Keys are not built yet; a promise of encryption that is not kept would be worse than a refusal. */
function requireNoKey({ encryptionConfiguration }: Input): void {
  const type = encryptionConfiguration?.encryptionType ?? 'AES256';
  if (type !== 'AES256') throw kmsKeysNotSupported(type);
  if (encryptionConfiguration?.kmsKey !== undefined) {
    throw invalidParameter('encryptionConfiguration', 'kmsKey can only be set with encryption type KMS or KMS_DSSE');
  }
}

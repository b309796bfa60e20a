/** DeleteRepository. */
import type { DeleteRepositoryRequest, DeleteRepositoryResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { repositoryNotEmpty } from '../../faults.ts';
import { jobKinds } from '../../job-kinds.ts';
import { repositoryIn } from '../find-repository.ts';
import { repositoryShape } from '../repository-shape.ts';

/** With `force` its images go too: a job empties it. What it showed is removed from the blob store later, unless another repository shows it. */
export const deleteRepository = operation<Given<DeleteRepositoryRequest, 'repositoryName'>, DeleteRepositoryResponse>({
  name: 'DeleteRepository',
  action: 'ecr:DeleteRepository',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    const repository = await context.ecr.metadata.write(function* (tx) {
      const present = yield* repositoryIn(tx, ref);
      const images = input.force === true ? [] : yield* tx.images.listIds(present.id, { limit: 1 });
      if (images.length > 0) throw repositoryNotEmpty(ref.name, ref.accountId);
      yield* tx.repositories.delete(present.id);
      yield* tx.jobs.add({ kind: jobKinds.purgeRepositories, subject: '' });
      return present;
    });
    context.ecr.jobBell.ring();
    return { repository: repositoryShape(context.settings, repository) };
  },
});

/** Changes the tags of the repository that an ARN names, for TagResource and UntagResource. */
import type { ResourceTag } from '../../../ports/records.ts';
import type { OperationContext } from '../../operation.ts';
import { repositoryIn } from './find-repository.ts';
import { repositoryOfArn } from './resource-of-arn.ts';

/** `change` runs inside the transaction. Throws InvalidParameter (ARN), RepositoryNotFound and what `change` throws. */
export function changeResourceTags(
  context: OperationContext,
  resourceArn: string,
  change: (tags: readonly ResourceTag[]) => readonly ResourceTag[],
): Promise<void> {
  const ref = repositoryOfArn(resourceArn, context);
  return context.ecr.metadata.write(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    yield* tx.repositories.setResourceTags(repository.id, change(repository.resourceTags));
  });
}

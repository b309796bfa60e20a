/** The repository that an operation's input names; without registryId, one of the caller's own registry. */
import type { OperationContext } from '../operation.ts';
import { repositoryArn } from './arn.ts';
import type { RepositoryRef } from './repositories/repository-ref.ts';

export interface RepositoryInput {
  readonly registryId?: string | undefined;
  readonly repositoryName: string;
}

export function calledRepository(context: OperationContext, input: RepositoryInput): RepositoryRef {
  return {
    accountId: input.registryId ?? context.caller.accountId,
    region: context.region,
    name: input.repositoryName,
  };
}

/** The resource of every operation on one repository. */
export function repositoryResource(input: RepositoryInput, context: OperationContext): string {
  const ref = calledRepository(context, input);
  return repositoryArn(ref, ref.name);
}

/** The resource of every operation that concerns a registry as a whole. */
export function anyResource(): string {
  return '*';
}

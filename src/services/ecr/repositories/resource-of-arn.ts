/** The repository that an ARN in an input names, for the operations on tags of resources. */
import { isRepositoryName } from '../../../lib/oci/reference.ts';
import type { OperationContext } from '../../operation.ts';
import { parseRepositoryArn, repositoryArn } from '../arn.ts';
import { invalidParameter } from '../faults.ts';
import type { RepositoryRef } from './repository-ref.ts';

/** Throws InvalidParameter for what is not the ARN of a repository in the region of the call. */
export function repositoryOfArn(resourceArn: string, context: Pick<OperationContext, 'region'>): RepositoryRef {
  const ref = parseRepositoryArn(resourceArn);
  if (ref === undefined || ref.region !== context.region || !isRepositoryName(ref.name)) {
    throw invalidParameter('resourceArn', 'Invalid ARN');
  }
  return ref;
}

/** The `resource` of an operation whose input names it by its ARN. Throws as repositoryOfArn does. */
export function namedResource(
  input: { readonly resourceArn: string },
  context: Pick<OperationContext, 'region'>,
): string {
  const ref = repositoryOfArn(input.resourceArn, context);
  return repositoryArn(ref, ref.name);
}

/** DescribeRepositories. */
import type { DescribeRepositoriesRequest, DescribeRepositoriesResponse } from '@aws-sdk/client-ecr';
import type { RegistryId, RepositoryRecord } from '../../../../ports/records.ts';
import { type OperationContext, operation } from '../../../operation.ts';
import { repositoryArn } from '../../arn.ts';
import { cutPage } from '../../page.ts';
import { issuePageToken, type Listing, readPageToken } from '../../page-token.ts';
import { repositoryIn } from '../find-repository.ts';
import { repositoryShape } from '../repository-shape.ts';

const defaultPage = 100;

export const describeRepositories = operation<DescribeRepositoriesRequest, DescribeRepositoriesResponse>({
  name: 'DescribeRepositories',
  action: 'ecr:DescribeRepositories',
  resource(input, context) {
    const names = input.repositoryNames ?? [];
    return repositoryArn(registryOf(context, input), names.length === 1 ? names[0]! : '*');
  },
  async handle(context, input) {
    const registry = registryOf(context, input);
    if (input.repositoryNames !== undefined && input.repositoryNames.length > 0) {
      const found = await findAll(context, registry, input.repositoryNames);
      return { repositories: found.map((repository) => repositoryShape(context.settings, repository)) };
    }
    const listing: Listing = ['DescribeRepositories', registry.accountId, registry.region];
    const after = readPageToken<number>(context.ports.keys, listing, input.nextToken);
    const limit = input.maxResults ?? defaultPage;
    const read = await context.ecr.metadata.read((tx) =>
      tx.repositories.list(registry, { limit: limit + 1, ...(after !== undefined && { after }) }),
    );
    const { rows, last, more } = cutPage(read, limit);
    return {
      repositories: rows.map((repository) => repositoryShape(context.settings, repository)),
      ...(more && { nextToken: issuePageToken(context.ports.keys, listing, last?.id) }),
    };
  },
});

function registryOf(context: OperationContext, input: DescribeRepositoriesRequest): RegistryId {
  return { accountId: input.registryId ?? context.caller.accountId, region: context.region };
}

/** In the order asked for, each once. One that does not exist fails the whole call. */
function findAll(
  context: OperationContext,
  registry: RegistryId,
  names: readonly string[],
): Promise<RepositoryRecord[]> {
  return context.ecr.metadata.read(function* (tx) {
    const found: RepositoryRecord[] = [];
    for (const name of new Set(names)) found.push(yield* repositoryIn(tx, { ...registry, name }));
    return found;
  });
}

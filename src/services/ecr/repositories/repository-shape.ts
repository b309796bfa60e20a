/** A repository as ECR's API shows it. */
import type { ImageTagMutabilityExclusionFilter, Repository } from '@aws-sdk/client-ecr';
import type { ExclusionFilter, RepositoryRecord } from '../../../ports/records.ts';
import type { ServiceSettings } from '../../settings.ts';
import { repositoryArn } from '../arn.ts';

export function repositoryShape(settings: ServiceSettings, repository: RepositoryRecord): Repository {
  const { accountId, region, name } = repository;
  return {
    repositoryArn: repositoryArn(repository, name),
    registryId: accountId,
    repositoryName: name,
    repositoryUri: `${settings.registryHost(accountId, region)}/${name}`,
    createdAt: new Date(repository.createdAt),
    ...tagMutabilityShape(repository),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: { encryptionType: repository.encryptionType },
  };
}

/** Filters are shown only where there are some. */
export function tagMutabilityShape(
  rules: Pick<RepositoryRecord, 'tagMutability' | 'exclusionFilters'>,
): Pick<Repository, 'imageTagMutability' | 'imageTagMutabilityExclusionFilters'> {
  return {
    imageTagMutability: rules.tagMutability,
    ...(rules.exclusionFilters.length > 0 && { imageTagMutabilityExclusionFilters: [...rules.exclusionFilters] }),
  };
}

/** Filters as the API takes them, as we keep them. */
export function exclusionFiltersOf(
  filters: readonly ImageTagMutabilityExclusionFilter[] | undefined,
): readonly ExclusionFilter[] {
  return (filters ?? []).map(({ filter }) => ({ filterType: 'WILDCARD', filter: filter ?? '' }));
}

/** Amazon resource names of repositories, in every partition of AWS. */
import type { RegistryId } from '../../ports/records.ts';

/** Region prefixes outside the `aws` partition, longest first where one begins another. */
const partitions: readonly (readonly [prefix: string, partition: string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
  ['eusc-', 'aws-eusc'],
];

/** The AWS partition that a region belongs to; `aws` for every name it does not know. */
export function partitionOf(region: string): string {
  return partitions.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
}

/** `arn:aws:ecr:<region>:<account>:repository/<name>`; the name may be a wildcard. */
export function repositoryArn(registry: RegistryId, name: string): string {
  return `arn:${partitionOf(registry.region)}:ecr:${registry.region}:${registry.accountId}:repository/${name}`;
}

const repositoryArnPattern = /^arn:(aws[a-z-]*):ecr:([a-z0-9-]+):([0-9]{12}):repository\/(.+)$/;

/** The parts of a repository's ARN, or undefined when the text is not one or its partition is not the region's. */
export function parseRepositoryArn(text: string): (RegistryId & { readonly name: string }) | undefined {
  const match = repositoryArnPattern.exec(text);
  if (match === null) return undefined;
  const [, partition, region, accountId, name] = match as unknown as [string, string, string, string, string];
  return partition === partitionOf(region) ? { accountId, region, name } : undefined;
}

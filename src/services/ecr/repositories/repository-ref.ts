/** How a request names a repository: registry and name. Says nothing about whether it exists. */
import type { RegistryId } from '../../../ports/records.ts';

export type RepositoryRef = RegistryId & { readonly name: string };

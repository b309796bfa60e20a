/** Lists the names of a registry's repositories, for `_catalog` of the registry edge. */
import type { RegistryId } from '../../../ports/records.ts';
import type { EcrService } from '../ecr-service.ts';
import { cutPage } from '../page.ts';

/** In byte order; `after` need not exist. */
export async function listRepositoryNames(
  ecr: EcrService,
  registry: RegistryId,
  page: { readonly after?: string; readonly limit: number },
): Promise<{ readonly names: readonly string[]; readonly more: boolean }> {
  const read = await ecr.metadata.read((tx) => tx.repositories.listNames(registry, { ...page, limit: page.limit + 1 }));
  const { rows, more } = cutPage(read, page.limit);
  return { names: rows, more };
}

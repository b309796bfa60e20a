/** Lists the tags of a repository in lexical order, as the distribution specification wants them. */
import type { EcrService } from '../ecr-service.ts';
import { cutPage } from '../page.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';

/** `after` need not exist. Throws RepositoryNotFound. */
export async function listTags(
  ecr: EcrService,
  ref: RepositoryRef,
  page: { readonly after?: string; readonly limit: number },
): Promise<{ readonly tags: readonly string[]; readonly more: boolean }> {
  const read = await ecr.metadata.read(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    return yield* tx.tags.listNames(repository.id, { ...page, limit: page.limit + 1 });
  });
  const { rows, more } = cutPage(read, page.limit);
  return { tags: rows, more };
}

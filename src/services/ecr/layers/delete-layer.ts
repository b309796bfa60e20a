/** Takes a layer out of a repository, as the distribution specification's DELETE of a blob asks. */
import type { EcrService } from '../ecr-service.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';

/** A layer that an image refers to stays. The bytes are removed later, once no repository shows them. Throws RepositoryNotFound. */
export function deleteLayer(
  ecr: EcrService,
  ref: RepositoryRef,
  digest: string,
): Promise<'deleted' | 'absent' | 'referenced'> {
  return ecr.metadata.write(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    const layer = yield* tx.layers.find(repository.id, digest);
    if (layer === undefined) return 'absent';
    if (layer.referenced) return 'referenced';
    yield* tx.layers.delete(repository.id, digest);
    return 'deleted';
  });
}

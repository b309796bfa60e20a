/** Lists what refers to an image: signatures, attestations, SBOMs. The subject need not exist. */
import { annotationsOfManifest } from '../../../lib/oci/manifest.ts';
import type { EcrService } from '../ecr-service.ts';
import { cutPage } from '../page.ts';
import { repositoryIn } from '../repositories/find-repository.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';

export interface Referrer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ReferrerPage {
  /** Where the page before this one ended. */
  readonly after?: number | undefined;
  readonly limit: number;
  readonly artifactTypes?: readonly string[] | undefined;
}

/** In push order. `next` is where the next page begins, if there is one. Throws RepositoryNotFound. */
export async function listReferrers(
  ecr: EcrService,
  ref: RepositoryRef,
  subjectDigest: string,
  page: ReferrerPage,
): Promise<{ readonly referrers: readonly Referrer[]; readonly next?: number }> {
  const read = await ecr.metadata.read(function* (tx) {
    const repository = yield* repositoryIn(tx, ref);
    return yield* tx.images.listReferrers(repository.id, subjectDigest, {
      limit: page.limit + 1,
      ...(page.after !== undefined && { after: page.after }),
      ...(page.artifactTypes !== undefined && { artifactTypes: page.artifactTypes }),
    });
  });
  const { rows, last, more } = cutPage(read, page.limit);
  const referrers = rows.map(({ mediaType, digest, manifest, artifactType }) => {
    const annotations = annotationsOfManifest(manifest);
    return {
      mediaType,
      digest,
      size: manifest.byteLength,
      ...(artifactType !== undefined && { artifactType }),
      ...(annotations !== undefined && { annotations }),
    };
  });
  return { referrers, ...(more && last !== undefined && { next: last.id }) };
}

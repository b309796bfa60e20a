/** Compares every image with its digest and with what it refers to. */
import { type Digest, digestOf, parseDigest } from '../../lib/oci/digest.ts';
import { type ParsedManifest, parseManifest } from '../../lib/oci/manifest.ts';
import { ManifestProblem } from '../../lib/oci/manifest-problem.ts';
import { isNonDistributable } from '../../lib/oci/media-types.ts';
import type { MetadataTx } from '../../ports/metadata.ts';
import type { Ports } from '../../ports/ports.ts';
import type { Work } from '../../ports/work.ts';
import type { Finding } from './finding.ts';

const PAGE = 100;
/** What was accepted once is judged by what it is, not by today's limits. */
const NO_LIMITS = {
  bytes: Number.MAX_SAFE_INTEGER,
  layers: Number.MAX_SAFE_INTEGER,
  manifests: Number.MAX_SAFE_INTEGER,
};

type StoredImage = Awaited<ReturnType<typeof listPage>>[number];

/** Answers after each page how many images it looked at and what is wrong with them. */
export async function* verifyImages({
  metadata,
}: Pick<Ports, 'metadata'>): AsyncGenerator<{ images: number; findings: Finding[] }> {
  let after: number | undefined;
  for (;;) {
    const page = await listPage(metadata, after);
    if (page.length === 0) return;
    const findings: Finding[] = [];
    for (const image of page) findings.push(...(await verifyImage(metadata, image)));
    yield { images: page.length, findings };
    after = page.at(-1)!.id;
  }
}

function listPage(metadata: Ports['metadata'], after: number | undefined) {
  return metadata.read((tx) => tx.images.listAll({ limit: PAGE, ...(after === undefined ? {} : { after }) }));
}

async function verifyImage(metadata: Ports['metadata'], image: StoredImage): Promise<Finding[]> {
  const place = `${image.accountId}/${image.region}/${image.repositoryName}`;
  const finding = (kind: Finding['kind'], detail: string): Finding => ({ kind, digest: image.digest, place, detail });
  const digest: Digest | undefined = parseDigest(image.digest);
  if (digest === undefined || digestOf(digest.algorithm, image.manifest) !== image.digest) {
    return [finding('manifest-damaged', 'its bytes do not have this digest')];
  }
  let manifest: ParsedManifest;
  try {
    manifest = parseManifest(image.manifest, image.mediaType, NO_LIMITS);
  } catch (error) {
    if (!(error instanceof ManifestProblem)) throw error;
    return [finding('manifest-damaged', `it is no manifest: ${error.message}`)];
  }

  return metadata.read(function* (tx): Work<Finding[]> {
    // Deleted since the page was read: nothing is wrong with what is not there.
    if ((yield* tx.images.findByDigest(image.repositoryId, image.digest))?.id !== image.id) return [];
    return [
      ...(yield* layerFindings(tx, image, manifest, finding)),
      ...(yield* childFindings(tx, image, manifest, finding)),
    ];
  });
}

type MakeFinding = (kind: Finding['kind'], detail: string) => Finding;

function* layerFindings(
  tx: MetadataTx,
  image: StoredImage,
  manifest: ParsedManifest,
  finding: MakeFinding,
): Work<Finding[]> {
  const wanted = manifest.config === undefined ? manifest.layers : [manifest.config, ...manifest.layers];
  const layers = yield* tx.layers.findMany(image.repositoryId, [...new Set(wanted.map(({ digest }) => digest))]);
  const stored = new Map(layers.map((layer) => [layer.digest, layer]));
  const kept = new Set(image.layerDigests);
  return wanted.flatMap(({ digest, size, mediaType }) => {
    const layer = stored.get(digest);
    if (layer === undefined || !kept.has(digest)) {
      if (isNonDistributable(mediaType)) return [];
      return [
        finding(
          'manifest-without-layer',
          layer === undefined
            ? `its layer ${digest} is not in the repository`
            : `its layer ${digest} is not kept for it`,
        ),
      ];
    }
    return layer.blob.size === size
      ? []
      : [finding('layer-size-differs', `it says ${size} bytes for ${digest}, which has ${layer.blob.size}`)];
  });
}

function* childFindings(
  tx: MetadataTx,
  image: StoredImage,
  manifest: ParsedManifest,
  finding: MakeFinding,
): Work<Finding[]> {
  if (manifest.manifests.length === 0) return [];
  const digests = [...new Set(manifest.manifests.map(({ digest }) => digest))];
  const existing = yield* tx.images.existing(image.repositoryId, digests);
  return digests
    .filter((digest) => !existing.has(digest))
    .map((digest) => finding('manifest-without-child', `its manifest ${digest} is not in the repository`));
}

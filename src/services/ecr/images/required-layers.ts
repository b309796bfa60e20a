/** What a manifest needs the repository to have, and whether it has it. Pure. */
import type { Descriptor } from '../../../lib/oci/descriptor.ts';
import type { ParsedManifest } from '../../../lib/oci/manifest.ts';
import { isNonDistributable } from '../../../lib/oci/media-types.ts';
import type { StoredLayer } from '../../../ports/records.ts';

export interface LayerCheck {
  /** Digests that must be uploaded first, in the order of the manifest, config first; each once. */
  readonly missing: readonly string[];
  /** Descriptors whose size is not that of the stored layer. */
  readonly wrongSize: readonly Descriptor[];
  /** Digests that the image refers to and keeps; each once. */
  readonly kept: readonly string[];
}

/** Config and layers, as the manifest lists them. */
export function layerDescriptors(manifest: ParsedManifest): readonly Descriptor[] {
  return manifest.config === undefined ? manifest.layers : [manifest.config, ...manifest.layers];
}

/** Non-distributable layers may be absent, because clients fetch them from elsewhere; those that are here are kept. */
export function checkLayers(
  descriptors: readonly Descriptor[],
  stored: ReadonlyMap<string, Pick<StoredLayer, 'blob'>>,
): LayerCheck {
  const missing = new Set<string>();
  const kept = new Set<string>();
  const wrongSize: Descriptor[] = [];
  for (const descriptor of descriptors) {
    const blob = stored.get(descriptor.digest)?.blob;
    if (blob === undefined) {
      if (!isNonDistributable(descriptor.mediaType)) missing.add(descriptor.digest);
    } else {
      if (blob.size !== descriptor.size) wrongSize.push(descriptor);
      kept.add(descriptor.digest);
    }
  }
  return { missing: [...missing], wrongSize, kept: [...kept] };
}

/** imageSizeInBytes of an image that is not an index: config and layers, one that is listed twice counted once. */
export function imageSizeOf(descriptors: readonly Descriptor[]): number {
  let size = 0;
  const seen = new Set<string>();
  for (const descriptor of descriptors) {
    if (seen.has(descriptor.digest)) continue;
    seen.add(descriptor.digest);
    size += descriptor.size;
  }
  return size;
}

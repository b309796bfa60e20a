/** Media types that mean something to a registry. https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md */

export const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
export const ociIndex = 'application/vnd.oci.image.index.v1+json';
export const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';
export const dockerManifestList = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const emptyDescriptorType = 'application/vnd.oci.empty.v1+json';

const kinds: ReadonlyMap<string, ManifestKind> = new Map([
  [ociManifest, 'image'],
  [dockerManifest, 'image'],
  [ociIndex, 'index'],
  [dockerManifestList, 'index'],
]);

/** `image`: a config and layers. `index`: a list of manifests. */
export type ManifestKind = 'image' | 'index';

/** What kind of manifest a media type names; undefined when it is none that we keep. */
export function manifestKindOf(mediaType: string): ManifestKind | undefined {
  return kinds.get(mediaType);
}

const nonDistributable: ReadonlySet<string> = new Set([
  'application/vnd.docker.image.rootfs.foreign.diff.tar',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
]);

/** Whether layers of this type may be absent from the registry: clients fetch them from elsewhere. */
export function isNonDistributable(mediaType: string): boolean {
  return nonDistributable.has(mediaType);
}

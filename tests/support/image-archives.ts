/** Hands a test image to a client that reads files: an OCI layout directory, or one tar that is an OCI archive and a docker archive at once. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { descriptorOf, type TestBlob, type TestImage, type TestIndex } from './make-image.ts';
import { tarOf } from './tar.ts';

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md; `reference` becomes `org.opencontainers.image.ref.name`. */
export async function writeOciLayout(
  directory: string,
  image: TestImage | TestIndex,
  reference: string,
): Promise<void> {
  for (const file of layoutFiles(image, reference)) {
    const path = join(directory, file.name);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, file.content);
  }
}

/** An OCI archive for `ctr images import`, with the `manifest.json` that `docker load` looks for. */
export async function writeImageArchive(path: string, image: TestImage, reference: string): Promise<void> {
  const dockerManifest = [
    {
      Config: blobPath(image.config),
      RepoTags: [reference],
      Layers: image.layers.map(blobPath),
    },
  ];
  const files = [
    ...layoutFiles(image, reference),
    { name: 'manifest.json', content: Buffer.from(JSON.stringify(dockerManifest)) },
  ];
  await writeFile(path, tarOf(files));
}

/** Everything that has to be there before the manifest itself, each once. */
export function blobsOf(image: TestImage | TestIndex): TestBlob[] {
  const all = 'images' in image ? image.images.flatMap(blobsOf) : [image.config, ...image.layers];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

function layoutFiles(image: TestImage | TestIndex, reference: string): { name: string; content: Buffer }[] {
  const manifests = 'images' in image ? [...image.images, image] : [image];
  const entry = {
    ...descriptorOf(image),
    annotations: { 'org.opencontainers.image.ref.name': reference, 'io.containerd.image.name': reference },
  };
  return [
    { name: 'oci-layout', content: Buffer.from('{"imageLayoutVersion":"1.0.0"}') },
    { name: 'index.json', content: Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] })) },
    ...[...blobsOf(image), ...manifests].map((blob) => ({ name: blobPath(blob), content: blob.bytes })),
  ];
}

function blobPath({ digest }: { digest: string }): string {
  return `blobs/${digest.replace(':', '/')}`;
}

/** Reads the OCI layout that a client wrote. https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The digest of the config of the only image in the layout; every blob of it is there. Throws when something is missing. */
export async function layoutConfigDigest(directory: string): Promise<string> {
  const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
  const manifest = JSON.parse((await readBlob(directory, index.manifests[0].digest)).toString('utf8'));
  await Promise.all([manifest.config, ...manifest.layers].map(({ digest }) => readBlob(directory, digest)));
  return manifest.config.digest;
}

function readBlob(directory: string, digest: string): Promise<Buffer> {
  return readFile(join(directory, 'blobs', digest.replace(':', '/')));
}

/** A small image in a new repository, pushed with the root key of a server that runs as a process. */
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { blobsOf } from '../support/image-archives.ts';
import { makeImage } from '../support/make-image.ts';
import { registryClient } from '../support/registry-client.ts';
import type { SpawnedServer } from '../support/spawn-server.ts';

export interface PushedImage {
  readonly digest: string;
  /** Config and layers. */
  readonly layers: readonly string[];
  readonly bytes: number;
}

export async function pushImage(server: SpawnedServer, repository: string, tag: string): Promise<PushedImage> {
  const { origin, region, accessKeyId, secretAccessKey } = server;
  const ecr = new ECRClient({
    endpoint: origin,
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  });
  try {
    await ecr.send(new CreateRepositoryCommand({ repositoryName: repository }));
  } finally {
    ecr.destroy();
  }
  const image = makeImage({ seed: `${repository}:${tag}` });
  await registryClient({ origin, token: await server.dockerToken() }).pushImage(repository, image, tag);
  const blobs = blobsOf(image);
  return {
    digest: image.digest,
    layers: blobs.map(({ digest }) => digest),
    bytes: blobs.reduce((sum, { size }) => sum + size, 0),
  };
}

/** How many API calls a second, beside the emulator that people use today: tokens, look-ups, pages, creations? */
import { makeContent } from '../../tests/black-box/content.ts';
import type { RawRequest } from '../load/plan.ts';
import type { Row, RowContext } from './row.ts';
import { makeManifest, seedManifests } from './seed-manifests.ts';
import { signedRequest } from './signed-request.ts';

const REPOSITORY = 'bench/api';
const IMAGES = 1_000;

export const api: Row = {
  name: 'api',
  for: ['api'],
  async *run(context) {
    const { port } = context.server();
    await context.server().createRepository(REPOSITORY);
    await putImages(context, IMAGES);
    yield await repeat(context, 'api GetAuthorizationToken', 16, signedRequest(port, 'GetAuthorizationToken', {}));
    const one = { repositoryName: REPOSITORY, imageIds: [{ imageTag: 'v7' }] };
    yield await repeat(context, 'api DescribeImages by tag', 16, signedRequest(port, 'DescribeImages', one));
    const page = { repositoryName: REPOSITORY, maxResults: 100 };
    const paged = await repeat(
      context,
      'api DescribeImages page of 100',
      4,
      signedRequest(port, 'DescribeImages', page),
    );
    yield { ...paged, note: `${IMAGES} images` };
    const requests = Array.from({ length: 500 * context.sizes.seconds }, (_, index) =>
      signedRequest(port, 'CreateRepository', { repositoryName: `bench/new-${Date.now()}-${index}` }),
    );
    yield await context.measure(
      'api CreateRepository',
      'requests/s',
      { kind: 'list', port, connections: 16, requests },
      'thousand',
    );
  },
};

function repeat(context: RowContext, row: string, connections: number, request: RawRequest) {
  const { port } = context.server();
  return context.measure(
    row,
    'requests/s',
    { kind: 'repeat', port, connections, seconds: context.sizes.seconds, request },
    'thousand',
  );
}

/** Through the API alone, as the emulator has no other way in: it asks for no layers, Longshore gets them first. */
async function putImages(context: RowContext, count: number): Promise<void> {
  const { port } = context.server();
  const [config, layer] = [makeContent('bench config', 1500), makeContent('bench layer', 4096)];
  if (context.target.abilities.has('registry')) {
    await seedManifests(context, REPOSITORY, 1);
  }
  const requests = Array.from({ length: count }, (_, index) =>
    signedRequest(port, 'PutImage', {
      repositoryName: REPOSITORY,
      imageManifest: makeManifest(`v${index}`, config.digest, layer.digest).toString(),
      imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
      imageTag: `v${index}`,
    }),
  );
  await context.prepare({ kind: 'list', port, connections: 16, requests });
}

/** Do pages of tags and images stay fast with 100,000 images in one repository, and does the server still start at once? */
import { type Measurement, REPOSITORIES, type Row, type RowContext } from './row.ts';
import { authorizationOf, seedManifests, tagOf } from './seed-manifests.ts';
import { signedRequest } from './signed-request.ts';
import { measureStarts } from './start.ts';

export const lists: Row = {
  name: 'list',
  for: ['registry'],
  async *run(context) {
    const { sizes, target } = context;
    const images = target.abilities.has('api') ? sizes.images : sizes.peerImages;
    const tenth = Math.ceil(images / 10);
    context.log(`putting ${images} images`);
    await seedManifests(context, REPOSITORIES.list, tenth);
    yield { ...(await measureStarts(context, 'list: start to ready, a tenth of the images')), note: `${tenth} images` };
    await seedManifests(context, REPOSITORIES.list, images - tenth, tenth);
    yield { ...(await measureStarts(context, 'list: start to ready, all images')), note: `${images} images` };
    yield* listPages(context, 'list', REPOSITORIES.list, images, tagOf(images >> 1));
  },
};

/** Pages in the middle of so many images, of which `middle` is a tag. */
export async function* listPages(
  context: RowContext,
  row: string,
  repository: string,
  images: number,
  middle: string,
): AsyncGenerator<Measurement> {
  yield await tagsPage(context, row, `/v2/${repository}/tags/list?n=100&last=${middle}`, `${images} tags`);
  if (context.target.abilities.has('api')) yield await imagesPage(context, row, repository, images);
}

async function tagsPage(context: RowContext, row: string, path: string, note: string) {
  const measured = await context.measure(
    `${row}: page of 100 tags`,
    'pages/s',
    {
      kind: 'repeat',
      port: context.server().port,
      connections: 4,
      seconds: context.sizes.seconds,
      request: { method: 'GET', path },
      ...authorizationOf(context),
    },
    'thousand',
  );
  return { ...measured, note };
}

/** The page in the middle is reached by its token. */
async function imagesPage(context: RowContext, row: string, repositoryName: string, images: number) {
  const input = { repositoryName, maxResults: 1000 };
  let nextToken: string | undefined;
  for (let seen = 0; seen < images / 2; seen += 1000) {
    const request = signedRequest(context.server().port, 'DescribeImages', { ...input, nextToken });
    const answer = await fetch(`http://127.0.0.1:${context.server().port}/`, {
      method: 'POST',
      headers: request.headers!,
      body: request.body!,
    });
    nextToken = ((await answer.json()) as { nextToken?: string }).nextToken;
  }
  const { port } = context.server();
  const measured = await context.measure(
    `${row}: DescribeImages page of 100`,
    'pages/s',
    {
      kind: 'repeat',
      port,
      connections: 4,
      seconds: context.sizes.seconds,
      request: signedRequest(port, 'DescribeImages', { ...input, maxResults: 100, nextToken }),
    },
    'thousand',
  );
  return { ...measured, note: `${images} images` };
}

/** With a million images in one repository: is the server ready at once, are pages fast in the middle, and does going through all of them keep memory flat? */
import { fillImages } from '../fill-images.ts';
import { readUsage } from '../process-usage.ts';
import { listPages } from './lists.ts';
import { REPOSITORIES, type Row } from './row.ts';
import { pushLayers } from './seed-manifests.ts';
import { signedRequest } from './signed-request.ts';
import { measureStarts } from './start.ts';

export const manyImages: Row = {
  name: 'many images',
  for: ['api'],
  async *run(context) {
    const { sizes } = context;
    const { database } = context.server();
    if (database === undefined) return;
    await pushLayers(context, REPOSITORIES.many);
    await context.server().stop();
    await fillImages({ database, repository: REPOSITORIES.many, count: sizes.manyImages, log: context.log });
    yield {
      ...(await measureStarts(context, 'many images: start to ready')),
      note: `${sizes.manyImages} images`,
    };
    const middle = `m${String(sizes.manyImages >> 1).padStart(7, '0')}`;
    yield* listPages(context, 'many images', REPOSITORIES.many, sizes.manyImages, middle);
    const before = readUsage(context.server().pid).residentMiB;
    const startedAt = performance.now();
    const seen = await countAll(context.server().port);
    if (seen !== sizes.manyImages) throw new Error(`saw ${seen} images of ${sizes.manyImages}`);
    yield {
      row: 'many images: through all, pages of 1,000',
      value: (1000 * seen) / (performance.now() - startedAt),
      unit: 'images/s',
      note: `resident memory grew by ${(readUsage(context.server().pid).residentMiB - before).toFixed(0)} MiB`,
    };
  },
};

/** Goes through all pages of ListImages. */
async function countAll(port: number): Promise<number> {
  let seen = 0;
  let nextToken: string | undefined;
  do {
    const request = signedRequest(port, 'ListImages', {
      repositoryName: REPOSITORIES.many,
      maxResults: 1000,
      nextToken,
    });
    const answer = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: request.headers!,
      body: request.body!,
    });
    const page = (await answer.json()) as { imageIds: unknown[]; nextToken?: string };
    seen += page.imageIds.length;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return seen;
}

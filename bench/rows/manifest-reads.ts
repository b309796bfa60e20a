/** What does a pull's first request cost, by tag and digest, GET and HEAD, and does it get slower with 1,000 tags around it? */

import { REPOSITORIES, type Row, type RowContext } from './row.ts';
import { authorizationOf, seedManifests, tagOf } from './seed-manifests.ts';

const MANY_TAGS = 1_000;
const ACCEPT = { accept: 'application/vnd.oci.image.manifest.v1+json' };

export const manifestReads: Row = {
  name: 'manifest',
  for: ['registry', 'bare'],
  async *run(context) {
    const digest = await seedManifests(context, REPOSITORIES.one, 1);
    for (const method of ['GET', 'HEAD']) {
      yield await read(context, `manifest ${method} tag`, method, REPOSITORIES.one, tagOf(0));
      yield await read(context, `manifest ${method} digest`, method, REPOSITORIES.one, digest);
    }
    if (context.target.abilities.has('bare')) return;
    await seedManifests(context, REPOSITORIES.tags, MANY_TAGS);
    for (const method of ['GET', 'HEAD']) {
      yield await read(context, `manifest ${method} tag, 1,000 tags`, method, REPOSITORIES.tags, tagOf(MANY_TAGS >> 1));
    }
  },
};

function read(context: RowContext, row: string, method: string, repository: string, reference: string) {
  return context.measure(
    row,
    'requests/s',
    {
      kind: 'repeat',
      port: context.server().port,
      connections: 16,
      seconds: context.sizes.seconds,
      request: { method, path: `/v2/${repository}/manifests/${reference}`, headers: ACCEPT },
      ...authorizationOf(context),
    },
    'thousand',
  );
}

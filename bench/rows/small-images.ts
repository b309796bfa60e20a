/** How many small images (10 layers of 100 KiB) can 16 clients push a second, into one repository and into 16, all synced? */
import { REPOSITORIES, type Row } from './row.ts';
import { authorizationOf } from './seed-manifests.ts';

export const smallImages: Row = {
  name: 'image push',
  for: ['registry', 'bare'],
  async *run(context) {
    const places = [
      ['one repository', [REPOSITORIES.images[0]!]],
      ['16 repositories', REPOSITORIES.images],
    ] as const;
    for (const [words, repositories] of places) {
      yield await context.measure(
        `image push, ${words}`,
        'images/s',
        {
          kind: 'push-image',
          port: context.server().port,
          connections: 16,
          repositories,
          layers: 10,
          layerSize: 100 << 10,
          seconds: context.sizes.seconds,
          salt: `${Date.now()}`,
          ...authorizationOf(context),
        },
        'thousand',
      );
    }
  },
};

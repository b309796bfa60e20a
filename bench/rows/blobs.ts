/** How fast do large layers go in and out, what CPU does a gigabyte cost, and what does asking for a layer cost? */
import { contentSlice, makeContent } from '../../tests/black-box/content.ts';
import { REPOSITORIES, type Row } from './row.ts';
import { authorizationOf, pushWhole } from './seed-manifests.ts';

export const blobs: Row = {
  name: 'blob',
  for: ['registry', 'bare'],
  async *run(context) {
    const { sizes } = context;
    const auth = authorizationOf(context);
    const common = { port: context.server().port, ...auth };
    const large = makeContent('bench large layer', sizes.blobBytes);
    await pushWhole(context, REPOSITORIES.large, large.digest, contentSlice(large));
    const path = `/v2/${REPOSITORIES.large}/blobs/${large.digest}`;
    yield await context.measure(
      'blob HEAD',
      'requests/s',
      { kind: 'repeat', connections: 16, seconds: sizes.seconds, request: { method: 'HEAD', path }, ...common },
      'thousand',
    );
    for (const connections of [1, 4]) {
      const get = { kind: 'get-blob', connections, path, size: large.size, times: sizes.blobTimes, ...common } as const;
      // Once for the page cache, then for the table.
      await context.prepare({ ...get, connections: 1, times: 1 });
      yield await context.measure(
        `blob GET, ${connections} client${connections > 1 ? 's' : ''}`,
        'MB/s',
        get,
        'gigabyte',
      );
    }
    const push = {
      kind: 'push-blob',
      connections: 1,
      repository: REPOSITORIES.large,
      size: large.size,
      times: sizes.blobTimes,
      salt: String(Date.now()),
      ...common,
    } as const;
    // Once without counting: on a virtual machine the first touch of memory for the page cache costs more than the push itself.
    await context.prepare({ ...push, times: 1, salt: `${push.salt} first` });
    yield await context.measure('blob push', 'MB/s', push, 'gigabyte');
  },
};

/** What a laptop does not use is not loaded: neither the driver of PostgreSQL nor the SDK of S3, which cost tens of megabytes. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { spawnServer } from '../support/spawn-server.ts';
import { sqliteAndFiles } from '../support/test-stores.ts';
import { runLongshore, scratchDirectory } from './run-longshore.ts';

/** Writes every module that is loaded into a file; a program of its own, because hooks must be there before anything else. */
const hooks = `
import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { appendFileSync(process.env.LOADED, url + '\\n'); return next(url, context); } });`;
const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(hooks)}`;
const UNUSED = /node_modules\/(?:pg|@aws-sdk|@smithy)[/-]|adapters\/(?:sql\/postgres|blobs\/s3)\//;

test('a server on SQLite and files, and its commands, load nothing of PostgreSQL and S3', async (t) => {
  const directory = await scratchDirectory(t);
  const env = { NODE_OPTIONS, LOADED: join(directory, 'loaded') };
  const server = await spawnServer({ env, stores: sqliteAndFiles });
  t.after(() => server.stop());
  await server.dockerToken();
  assert.equal((await runLongshore(['account', 'list', '--data', server.dataDirectory], { env })).code, 0);
  const loaded = (await readFile(env.LOADED, 'utf8')).split('\n');
  assert.ok(
    loaded.some((url) => url.endsWith('/src/adapters/sql/sqlite/open-sqlite.ts')),
    'the hook sees modules',
  );
  assert.deepEqual(
    loaded.filter((url) => UNUSED.test(url)),
    [],
  );
});

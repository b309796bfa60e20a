/**
 * The OCI distribution specification 1.1 as a table: every MUST and SHOULD that it lays on a registry, with its section, proved on
 * the wire against a whole server.
 */
import { after, before, describe, test } from 'node:test';
import { startServer, type TestServer } from '../support/start-server.ts';
import { discovery } from './discovery.ts';
import { management } from './management.ts';
import { pull } from './pull.ts';
import { pushBlobs } from './push-blobs.ts';
import { pushManifests } from './push-manifests.ts';
import { type Bench, openBench } from './requirement.ts';

describe('OCI distribution specification 1.1', () => {
  let server: TestServer;
  let bench: Bench;
  before(async () => {
    server = await startServer();
    bench = openBench(server);
  });
  after(() => server?.stop());

  for (const { section, level, text, prove } of [
    ...pull,
    ...pushBlobs,
    ...pushManifests,
    ...discovery,
    ...management,
  ]) {
    test(`${section} ${level}: ${text}`, () => prove(bench));
  }
});

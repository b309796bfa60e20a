/** A store behind TLS whose certificate only the company knows. Needs openssl to make one. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MIB, readBlob, storeBytes } from '../../../../tests/support/blob-bytes.ts';
import { operationOf, startFaultyStore } from '../../../../tests/support/faulty-store.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../../../../tests/support/s3-server.ts';
import { openS3Blobs } from './open-s3-blobs.ts';

const noOpenssl =
  spawnSync('openssl', ['version']).status === 0 ? undefined : 'openssl is not there to make a certificate';

test('over TLS the given certificate is trusted, no other, and bodies are not hashed twice', {
  skip: whyNoS3() ?? noOpenssl ?? false,
}, async (t) => {
  const tls = makePair();
  const server = await useS3Server();
  t.after(() => server.stop());
  const store = await startFaultyStore(server.endpoint, tls);
  t.after(() => store.stop());
  const { bucket, region, accessKeyId, secretAccessKey } = server;
  const { endpoint } = store;
  const credentials = { accessKeyId, secretAccessKey };
  const common = { bucket, prefix: freshPrefix(), endpoint, region, pathStyle: true, credentials };

  await assert.rejects(openS3Blobs({ ...common, requestTimeoutMs: 60_000 }), /s3-ca/);

  const blobs = await openS3Blobs({ ...common, ca: tls.cert, requestTimeoutMs: 60_000 });
  t.after(() => blobs.close());
  const bytes = randomBytes(12 * MIB + 1);
  const blob = await storeBytes(blobs, bytes);
  assert((await readBlob(blobs, blob)).bytes.equals(bytes));
  const parts = store.seen.filter((seen) => operationOf(seen) === 'UploadPart');
  assert(parts.length > 1);
  for (const { headers } of parts) assert.equal(headers['x-amz-content-sha256'], 'UNSIGNED-PAYLOAD');
});

function makePair(): { key: string; cert: string } {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-tls-'));
  try {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const names = ['-subj', '/CN=store', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

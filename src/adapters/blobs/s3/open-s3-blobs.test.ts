/** The blob store contract on real S3 implementations: Swift, and moto where it is installed. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { startMotoServer, whyNoMoto } from '../../../../tests/support/moto-server.ts';
import { requestS3, type S3Server } from '../../../../tests/support/request-s3.ts';
import { freshPrefix, useS3Server, whyNoS3 } from '../../../../tests/support/s3-server.ts';
import { blobStoreContract } from '../../../ports/blob-store.contract.ts';
import { isUploadKey, locationsOf } from './object-names.ts';
import { openS3Blobs } from './open-s3-blobs.ts';

function contractOn(name: string, skip: string | undefined, start: () => Promise<S3Server>): void {
  describe(name, { skip: skip ?? false }, () => {
    let server: S3Server;
    before(async () => {
      server = await start();
    });
    after(() => server.stop());
    blobStoreContract(`S3, ${name}`, async () => {
      const prefix = freshPrefix();
      return {
        open: () => openS3Blobs(optionsFor(server, prefix)),
        async tamper(name, change) {
          const location = isUploadKey(name) ? await onlyObject(server, prefix + locationsOf(name)) : prefix + name;
          const stored = await requestS3(server, 'GET', `/${location}`);
          assert.equal(stored.status, 200, stored.text);
          const bytes = change(stored.bytes);
          const { status, text } = await requestS3(server, bytes ? 'PUT' : 'DELETE', `/${location}`, bytes);
          assert.equal(status, bytes ? 200 : 204, text);
        },
        looksByBytes: true,
        async dispose() {},
      };
    });
  });
}

function optionsFor({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Server, prefix: string) {
  const credentials = { accessKeyId, secretAccessKey };
  return { bucket, prefix, endpoint, region, pathStyle: true, credentials, requestTimeoutMs: 30_000 };
}

async function onlyObject(server: S3Server, beginning: string): Promise<string> {
  const { text } = await requestS3(server, 'GET', `?list-type=2&prefix=${encodeURIComponent(beginning)}`);
  const keys = [...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
  if (keys.length !== 1 || !keys[0]) throw new Error(`expected one object of the upload, found ${keys.length}`);
  return keys[0];
}

contractOn('Swift', whyNoS3(), useS3Server);
contractOn('moto', whyNoMoto(), startMotoServer);

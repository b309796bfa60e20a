/**
 * An S3-compatible store for tests: the one that the variables TEST_S3_… name, so that many test files can share one,
 * else OpenStack Swift started here. Imports nothing of src.
 */
import { randomBytes } from 'node:crypto';
import type { S3Server } from './request-s3.ts';
import { startSwiftServer, whyNoSwift } from './swift-server.ts';

/** Why there is no store to test against, as a reason to skip; undefined when there is one. */
export function whyNoS3(): string | undefined {
  return process.env.TEST_S3_ENDPOINT ? undefined : whyNoSwift();
}

/** The shared store, or one of this file's own. Throws with the store's output when it does not start. */
export async function useS3Server(): Promise<S3Server> {
  const env = process.env;
  const endpoint = env.TEST_S3_ENDPOINT;
  if (!endpoint) return startSwiftServer();
  return {
    endpoint,
    region: env.TEST_S3_REGION ?? 'us-east-1',
    bucket: env.TEST_S3_BUCKET ?? 'longshore',
    accessKeyId: env.TEST_S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: env.TEST_S3_SECRET_ACCESS_KEY ?? '',
    stop: async () => {},
  };
}

/** The variables by which other processes find the store; `useS3Server` reads them. */
export function variablesOf(server: S3Server): Record<string, string> {
  return {
    TEST_S3_ENDPOINT: server.endpoint,
    TEST_S3_REGION: server.region,
    TEST_S3_BUCKET: server.bucket,
    TEST_S3_ACCESS_KEY_ID: server.accessKeyId,
    TEST_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
  };
}

/** A prefix that no other test uses: so tests that share a bucket do not see each other. Ends with a slash. */
export function freshPrefix(): string {
  return `test-${randomBytes(8).toString('hex')}/`;
}

/** The AWS SDK, loaded only when a store is opened: it is an optional dependency, and 20 MB in memory. Nothing else imports it. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { S3Client } from '@aws-sdk/client-s3';
import { BlobStoreUnavailable } from '../../../ports/blob-store.ts';
import type { S3Options } from './open-s3-blobs.ts';

export type Sdk = typeof import('@aws-sdk/client-s3');

/** Enough for many pulls through this server; requests beyond wait for a free connection. */
const MOST_SOCKETS = 256;
const LONGEST_CONNECT_MS = 5000;

/** Rejects with BlobStoreUnavailable when it is not installed. */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-s3');
  } catch (error) {
    throw missing('@aws-sdk/client-s3', error);
  }
}

/** What signs URLs; a part of the SDK. Rejects as `loadSdk`. */
export async function loadSigner(): Promise<typeof import('@smithy/signature-v4')> {
  try {
    return await import('@smithy/signature-v4');
  } catch (error) {
    throw missing('@smithy/signature-v4', error);
  }
}

function missing(name: string, cause: unknown): BlobStoreUnavailable {
  return new BlobStoreUnavailable(
    `The package ${name} is needed for an S3 store and cannot be loaded: run "npm install ${name}" where Longshore is installed, or leave out --omit=optional.`,
    { cause },
  );
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A client that tries nothing again by itself (see retry-calls.ts) and asks for nothing that only AWS has. */
export function createClient(sdk: Sdk, options: S3Options): S3Client {
  const agentOptions = { keepAlive: true, maxSockets: MOST_SOCKETS, scheduling: 'lifo' } as const;
  return new sdk.S3Client({
    region: options.region,
    forcePathStyle: options.pathStyle,
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    ...(options.credentials && { credentials: options.credentials }),
    maxAttempts: 1,
    // It would tell the console of failures that we try again, or report ourselves.
    logger: silent,
    // Other stores than AWS refuse the newer checksums; the digest of every blob is checked anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Saves nothing but a refused part, and costs a round trip.
    expectContinueHeader: false,
    requestHandler: {
      httpAgent: new HttpAgent(agentOptions),
      httpsAgent: new HttpsAgent({
        ...agentOptions,
        // Beside the system's: a store behind a public name and one behind the company's certificate both work.
        ...(options.ca !== undefined && { ca: [...rootCertificates, options.ca] }),
      }),
      connectionTimeout: Math.min(LONGEST_CONNECT_MS, options.requestTimeoutMs),
      socketTimeout: options.requestTimeoutMs,
    },
  });
}

/** Requests to an S3-compatible store by hand, for tests that look at it behind the adapter's back. Imports nothing of src. */
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { signAws } from './sign-aws.ts';

export interface S3Server {
  /** `http://127.0.0.1:<port>`; path style. */
  readonly endpoint: string;
  readonly region: string;
  /** Exists. */
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Ends what was started here; a store that was there before stays. */
  stop(): Promise<void>;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  readonly text: string;
}

/** One signed request to the store, by hand; `path` begins behind the bucket. */
export function requestS3(server: S3Server, method: string, path: string, body?: Buffer): Promise<S3Answer> {
  const { host } = new URL(server.endpoint);
  const fullPath = `/${server.bucket}${path}`;
  const headers = signAws(server, {
    method,
    host,
    path: fullPath,
    body: body ?? '',
    // What is said here is not guessed: without a length it would be sent in chunks, and as a form moto would lose it.
    headers: { 'Content-Length': String(body?.length ?? 0), 'Content-Type': 'application/octet-stream' },
    service: 's3',
    region: server.region,
  });
  return new Promise((resolve, reject) => {
    const sent = request(`${server.endpoint}${fullPath}`, { method, headers, agent: false }, (answer) => {
      buffer(answer).then((bytes) => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString() });
      }, reject);
    });
    sent.on('error', reject).end(body);
  });
}

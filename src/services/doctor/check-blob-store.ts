/** Does with the blob store what pushes, pulls and garbage collection do, with a probe that is gone afterwards. */
import { createHash, randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import type { BlobStore, StoredBlob } from '../../ports/blob-store.ts';
import { good, type HealthFinding, problem, warning } from '../../ports/health-finding.ts';

const ABOUT = 'layer store';
/** More than the smallest part of S3, so that a second part is begun; sent in two requests, as a client in chunks does. */
const PARTS = [6 * 1024 * 1024, 64 * 1024];

export interface BlobStoreUse {
  /** Where it is, in words. */
  readonly name: string;
  /** Clients are sent to presigned URLs. */
  readonly redirects: boolean;
  readonly fetchUrl: (url: string, init: { headers: Record<string, string> }) => Promise<Response>;
}

export async function checkBlobStore(blobs: BlobStore, use: BlobStoreUse): Promise<HealthFinding[]> {
  const parts = PARTS.map((size) => randomBytes(size));
  const whole = Buffer.concat(parts);
  const digest = `sha256:${createHash('sha256').update(whole).digest('hex')}`;
  const findings: HealthFinding[] = [];
  let stage = 'write';
  let stored: StoredBlob | undefined;
  try {
    stored = await upload(blobs, parts, { digest, size: whole.length });
    findings.push(good(ABOUT, `${use.name} takes an upload in parts`));
    stage = 'look at';
    if ((await blobs.check(stored)) !== 'good') throw new Error('it looks different at once');
    stage = 'read';
    await compare(blobs, stored, whole);
    stage = 'read a range of';
    await compare(blobs, stored, whole, { first: 5_000_000, last: 6_300_000 });
    findings.push(good(ABOUT, 'what was written is read back, whole and in part'));
    findings.push(...(await checkPresigned(blobs, stored, whole, use)));
    stage = 'list';
    for await (const _ of blobs.listObjects()) break;
    stage = 'delete';
    await blobs.remove(stored.location);
    // Reading tells: what was seen a moment ago, a store may still remember.
    const left = await blobs.verify(stored);
    stored = undefined;
    if (left !== 'absent') throw new Error('it is still there');
    findings.push(good(ABOUT, 'objects can be listed and deleted'));
  } catch (error) {
    findings.push(
      problem(
        ABOUT,
        `${use.name}: a probe could not be ${past(stage)} (${(error as Error).message})`,
        adviceOf(use.name),
      ),
    );
  } finally {
    if (stored !== undefined) await blobs.remove(stored.location).catch(() => undefined);
  }
  return findings;
}

async function upload(
  blobs: BlobStore,
  parts: readonly Buffer[],
  expected: { digest: string; size: number },
): Promise<StoredBlob> {
  const key = blobs.startUpload();
  let state = '';
  let offset = 0;
  try {
    for (const part of parts) {
      const source = Readable.from([part]);
      const appended = await blobs.append({ key, state }, offset, source, {
        algorithm: 'sha256',
        limit: expected.size,
      });
      ({ state, offset } = appended);
    }
    return await blobs.commit({ key, state }, expected);
  } catch (error) {
    await blobs.abort({ key, state }).catch(() => undefined);
    throw error;
  }
}

async function compare(
  blobs: BlobStore,
  stored: StoredBlob,
  whole: Buffer,
  range?: { first: number; last: number },
): Promise<void> {
  const got: Buffer[] = [];
  const into = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      got.push(Buffer.from(chunk));
      done();
    },
  });
  const outcome = await (await blobs.open(stored, range)).send(into);
  const wanted = range === undefined ? whole : whole.subarray(range.first, range.last + 1);
  if (outcome !== 'sent' || !Buffer.concat(got).equals(wanted)) throw new Error(`other bytes came back (${outcome})`);
}

async function checkPresigned(
  blobs: BlobStore,
  stored: StoredBlob,
  whole: Buffer,
  { redirects, fetchUrl }: BlobStoreUse,
): Promise<HealthFinding[]> {
  if (!redirects) return [];
  const url = await blobs.presign(stored, { method: 'GET', expiresMs: 60_000 });
  if (url === undefined) return [];
  const { origin } = new URL(url);
  const advice = `Let clients reach ${origin}, or set blob-delivery to proxy.`;
  try {
    const answer = await fetchUrl(url, { headers: { range: 'bytes=10-1000009' } });
    const body = Buffer.from(await answer.arrayBuffer());
    if (answer.status === 206 && body.equals(whole.subarray(10, 1_000_010)))
      return [good(ABOUT, `presigned URLs at ${origin} work from here; clients must reach it, too`)];
    return [
      problem(
        ABOUT,
        `a presigned URL at ${origin} answers ${answer.status} to a range`,
        'Set blob-delivery to proxy, or look at what stands between.',
      ),
    ];
  } catch (error) {
    return [warning(ABOUT, `a presigned URL at ${origin} cannot be fetched from here (${causeOf(error)})`, advice)];
  }
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  return cause instanceof Error ? cause.message : message;
}

function past(stage: string): string {
  const words: Record<string, string> = { write: 'written', read: 'read', delete: 'deleted', list: 'found in a list' };
  return words[stage] ?? `${stage.replace('look at', 'looked at').replace('read a range of', 'read in part')}`;
}

function adviceOf(name: string): string {
  return name.startsWith('s3://')
    ? 'The credentials need s3:PutObject, s3:GetObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListMultipartUploadParts on the objects and s3:ListBucket, s3:ListBucketMultipartUploads on the bucket; s3-endpoint, s3-region and s3-path-style must fit the store.'
    : 'Look at the rights and the room of the data directory.';
}

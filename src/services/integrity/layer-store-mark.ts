/**
 * The mark that ties a database to the store of its layers. In a store that is not its own (a wrong bucket, a disk that is not mounted) every layer
 * looks lost and every object like an orphan: nothing may be served, marked or swept there.
 */
import { randomUUID } from 'node:crypto';
import { type BlobStore, BlobStoreUnavailable } from '../../ports/blob-store.ts';
import { TargetInUse } from '../../ports/new-installation.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BlobRecord } from '../../ports/records.ts';

export const installationIdName = 'installation-id';

/** How operators find the store and its mark. */
export interface LayerStorePlace {
  readonly name: string;
  /** The file or object that holds the mark. */
  readonly mark: string;
}

/** This is not the layer store of the installation; the message says what to do. */
export class OtherLayerStore extends Error {
  override readonly name = 'OtherLayerStore';
}

/** `unmarked`: there is no mark, nor any of the layers that the database knows. */
export type MarkVerdict = 'ours' | 'other' | 'unmarked';

type MarkPorts = Pick<Ports, 'metadata' | 'blobs'>;

/**
 * Whose store it is, asked now. A store without a mark is ours, and marked, when the database knows no layer yet or some that it knows are there: an
 * installation from before there were marks, or one whose mark alone went. Rejects with what the stores fail with.
 */
export async function judgeMark(ports: MarkPorts): Promise<MarkVerdict> {
  const id = await installationId(ports);
  let mark = await ports.blobs.readMark();
  if (mark === undefined) {
    if (!(await looksLikeOurs(ports))) return 'unmarked';
    mark = await ports.blobs.leaveMark(id);
  }
  return mark === id ? 'ours' : 'other';
}

/** To be called before anything is served or looked at. Rejects with OtherLayerStore and with what the stores fail with. */
export async function confirmLayerStore(ports: MarkPorts, place: LayerStorePlace): Promise<void> {
  const verdict = await judgeMark(ports);
  if (verdict === 'ours') return;
  const { detail, advice } = problemOf(verdict, place, await installationId(ports));
  throw new OtherLayerStore(`${detail}. ${advice}`);
}

/** What is wrong, and what to do about it. */
export function problemOf(
  verdict: Exclude<MarkVerdict, 'ours'>,
  { name, mark }: LayerStorePlace,
  id: string,
): { readonly detail: string; readonly advice: string } {
  return verdict === 'other'
    ? {
        detail: `${name} holds the layers of another installation`,
        advice:
          'Correct the settings blobs, s3-endpoint or data. A new installation needs a bucket, prefix or directory of its own.',
      }
    : {
        detail: `${name} has neither the mark of this installation nor layers that its database knows: it is another store, was emptied, or is not mounted`,
        advice: `Correct the settings blobs, s3-endpoint or data, mount it, or bring a backup back. Only if the layers are lost for good: put the text ${id} into ${mark}; the next pushes heal what is missing then.`,
      };
}

/**
 * Makes a new store that of the installation `id`, before its layers are copied there. Rejects with TargetInUse when it is another's, and with
 * what the store fails with.
 */
export async function claimLayerStore(blobs: Pick<BlobStore, 'leaveMark'>, id: string): Promise<void> {
  if ((await blobs.leaveMark(id)) === id) return;
  throw new TargetInUse(
    'The new layer store holds the layers of another installation. Choose a bucket, prefix or directory of its own.',
  );
}

/** What the installation is known by, the same for all nodes and wherever it moves; made when it has none. */
export async function installationId({ metadata }: Pick<Ports, 'metadata'>): Promise<string> {
  const fixed = await metadata.read((tx) => tx.installation.find(installationIdName));
  if (fixed !== undefined) return fixed;
  const offered = newInstallationId();
  return metadata.write(function* (tx) {
    yield* tx.installation.add(installationIdName, offered);
    return (yield* tx.installation.find(installationIdName)) ?? offered;
  });
}

export function newInstallationId(): string {
  return randomUUID();
}

/** Of the oldest and of the newest layers; damaged ones too, since a wrong store may have been what made them so. */
const SAMPLE = 16;

async function looksLikeOurs({ metadata, blobs }: MarkPorts): Promise<boolean> {
  const sample = await metadata.read(function* (tx) {
    const newest = Math.max(0, (yield* tx.blobs.lastId()) - SAMPLE);
    const oldest: BlobRecord[] = yield* tx.blobs.list({ limit: SAMPLE });
    return [...oldest, ...(yield* tx.blobs.list({ limit: SAMPLE, after: newest }))];
  });
  if (sample.length === 0) return true;
  const there = await Promise.all(sample.map((blob) => isThere(blobs, blob)));
  return there.includes(true);
}

async function isThere(blobs: BlobStore, blob: BlobRecord): Promise<boolean> {
  try {
    return (await blobs.check(blob)) !== 'absent';
  } catch (error) {
    // A location that no store of this kind has: files instead of a bucket.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

export interface MarkWatch {
  /**
   * To be asked whenever something that should be there is not, before that counts as lost: is the mark there, now? Rejects with
   * BlobStoreUnavailable when not, and remembers that for a second; a yes is never remembered, it would be from before the loss.
   */
  require(): Promise<void>;
  /** As `require`, for probes: a yes may be some seconds old. */
  requireRecent(): Promise<void>;
}

const BAD_FOR_MS = 1000;
const GOOD_FOR_MS = 10_000;

export function createMarkWatch(ports: MarkPorts): MarkWatch {
  let goodUntil = Number.NEGATIVE_INFINITY;
  let bad: { readonly error: Error; readonly until: number } | undefined;

  async function require(): Promise<void> {
    if (bad !== undefined && performance.now() < bad.until) throw bad.error;
    const verdict = await judgeMark(ports);
    const now = performance.now();
    if (verdict === 'ours') {
      bad = undefined;
      goodUntil = now + GOOD_FOR_MS;
      return;
    }
    const error = new BlobStoreUnavailable(
      verdict === 'other'
        ? 'The layer store has the mark of another installation now.'
        : 'The layer store has lost its mark and its layers: it was emptied, or is not mounted any more.',
    );
    bad = { error, until: now + BAD_FOR_MS };
    goodUntil = Number.NEGATIVE_INFINITY;
    throw error;
  }

  return {
    require,
    requireRecent: () => (performance.now() < goodUntil ? Promise.resolve() : require()),
  };
}

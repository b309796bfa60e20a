/**
 * Sees to it that one request at a time works on an upload: in this process by turns, among all that serve the same database by a claim in the
 * upload's row, which runs out unless it is renewed.
 *
 * The claim saves bytes from being mixed, but nothing true hangs on it: a process that stood still may wake up after its claim ran out. So whatever is
 * recorded of an upload asks in the same write whether the holder is still the same, and whoever succeeds a holder that did not end its claim goes
 * on with what nobody else writes to (`blobs.takeOver`).
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UploadLost } from '../../../ports/blob-store.ts';
import type { MetadataTx } from '../../../ports/metadata.ts';
import type { UploadRecord } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import type { EcrService } from '../ecr-service.ts';
import { invalidLayerPart, uploadNotFound } from '../faults.ts';
import type { RepositoryRef } from '../repositories/repository-ref.ts';
import { findUpload, uploadIn } from './find-upload.ts';

/** How long a request that says nothing more keeps others off, and how often it says so. */
export const claimMs = 15_000;
const renewEveryMs = 5_000;

/** How often to look whether another node has ended: such a wait ends mostly with a connection that broke moments ago. */
const lookEveryMs = 100;

/**
 * Runs `work` with the upload, alone. `patienceMs` is how long to wait for a request on another node; one of this process that came before is waited for
 * as long as it takes. Throws RepositoryNotFound, UploadNotFound and, when patience ends, InvalidLayerPart.
 */
export function holdUpload<T>(
  ecr: EcrService,
  ref: RepositoryRef,
  uploadId: string,
  patienceMs: number,
  work: (upload: UploadRecord) => Promise<T>,
): Promise<T> {
  return ecr.uploadTurns.alone(uploadId, () => claimed(ecr, ref, uploadId, patienceMs, work));
}

/** The same, but refuses with InvalidLayerPart when a request of this process works on the upload. */
export async function tryHoldUpload<T>(
  ecr: EcrService,
  ref: RepositoryRef,
  uploadId: string,
  patienceMs: number,
  work: (upload: UploadRecord) => Promise<T>,
): Promise<T> {
  const outcome = await ecr.uploadTurns.tryAlone(uploadId, () => claimed(ecr, ref, uploadId, patienceMs, work));
  if (outcome === 'busy') throw busy(await findUpload(ecr, ref, uploadId), ref);
  return outcome;
}

async function claimed<T>(
  ecr: EcrService,
  ref: RepositoryRef,
  uploadId: string,
  patienceMs: number,
  work: (upload: UploadRecord) => Promise<T>,
): Promise<T> {
  // Nobody else serves: whoever is named in the row went with a process that is gone.
  if (!ecr.settings.sharedUploads) return work(await findUpload(ecr, ref, uploadId));
  const { upload, succeeds } = await claim(ecr, ref, uploadId, patienceMs);
  return keepClaim(ecr, upload, async () => work(succeeds ? await takeOver(ecr, ref, upload) : upload));
}

/** A claim for a request that begins now. */
export function newClaim(ecr: EcrService): Pick<UploadRecord, 'holder' | 'heldUntil'> {
  return { holder: randomUUID(), heldUntil: ecr.clock.now() + claimMs };
}

/**
 * Renews the claim while `work` runs, which ends it by recording what it did; when `work` fails, the claim is given back here. What cannot be
 * renewed or given back runs out by itself.
 */
export async function keepClaim<T>(ecr: EcrService, upload: UploadRecord, work: () => Promise<T>): Promise<T> {
  const { id, holder } = upload;
  let renewing = false;
  const renewal = setInterval(async () => {
    if (renewing) return;
    renewing = true;
    const heldUntil = ecr.clock.now() + claimMs;
    await ecr.metadata.write((tx) => tx.uploads.extendClaim(id, { holder, heldUntil })).catch(() => undefined);
    renewing = false;
  }, renewEveryMs).unref();
  try {
    return await work();
  } catch (error) {
    await ecr.metadata.write((tx) => tx.uploads.release(id, holder)).catch(() => undefined);
    throw error;
  } finally {
    clearInterval(renewal);
  }
}

/** Answers the upload as it is held now, and whether it was left by somebody who did not end its claim. */
async function claim(
  ecr: EcrService,
  ref: RepositoryRef,
  uploadId: string,
  patienceMs: number,
): Promise<{ upload: UploadRecord; succeeds: boolean }> {
  const given = ecr.clock.now() + patienceMs;
  for (;;) {
    const present = await claimOnce(ecr, ref, uploadId);
    if ('upload' in present) return present;
    let held = present.held;
    while (isHeld(held, ecr.clock.now())) {
      if (ecr.clock.now() >= given) throw busy(held, ref);
      await sleep(lookEveryMs);
      held = await findUpload(ecr, ref, uploadId);
    }
  }
}

type ClaimOutcome = { upload: UploadRecord; succeeds: boolean } | { held: UploadRecord };

function claimOnce(ecr: EcrService, ref: RepositoryRef, uploadId: string): Promise<ClaimOutcome> {
  const mine = newClaim(ecr);
  return ecr.metadata.write(function* (tx) {
    const present = yield* uploadIn(tx, ref, uploadId);
    if (isHeld(present, mine.heldUntil - claimMs)) return { held: present };
    yield* tx.uploads.claim(uploadId, mine);
    return { upload: { ...present, ...mine }, succeeds: present.holder !== '' };
  });
}

function isHeld({ holder, heldUntil }: UploadRecord, now: number): boolean {
  return holder !== '' && heldUntil > now;
}

/** The upload in a place of its own. Throws UploadNotFound when its bytes are lost or it was taken from us, too. */
async function takeOver(ecr: EcrService, ref: RepositoryRef, upload: UploadRecord): Promise<UploadRecord> {
  const before = { key: upload.objectKey, state: upload.state };
  const { key: objectKey, state } = await ecr.blobs.takeOver(before, upload.offset).catch(async (error: unknown) => {
    throw error instanceof UploadLost ? await forgetLostUpload(ecr, ref, upload) : error;
  });
  if (objectKey === upload.objectKey) return { ...upload, state };
  const moved = await ecr.metadata.write((tx) => tx.uploads.moveObject(upload.id, upload.holder, { objectKey, state }));
  // The one that the row no longer names; what cannot be removed now is swept.
  await ecr.blobs.abort(moved ? before : { key: objectKey, state }).catch(() => undefined);
  if (!moved) throw await explainLoss(ecr, ref, upload);
  return { ...upload, objectKey, state };
}

/** An upload whose bytes are gone can never be finished: the client must begin anew. Answers the fault to throw. */
export async function forgetLostUpload(ecr: EcrService, ref: RepositoryRef, upload: UploadRecord): Promise<Error> {
  const forgotten = await ecr.metadata.write((tx) => tx.uploads.delete(upload.id, upload.holder));
  return forgotten ? uploadNotFound(upload.id, ref) : explainLoss(ecr, ref, upload);
}

/**
 * Why a write that asked for the holder found another: the upload was cancelled, expired or closed, its repository is gone, or another request took it over.
 * Answers the fault to throw.
 *
 * The object is left to whoever has it now, else to the sweep: a store whose successors go on with the same object may show it as a layer already.
 */
export function explainLoss(ecr: EcrService, ref: RepositoryRef, upload: Pick<UploadRecord, 'id'>): Promise<Error> {
  return ecr.metadata.read((tx) => lossIn(tx, ref, upload));
}

/** The same as part of a unit of work. */
export function* lossIn(tx: MetadataTx, ref: RepositoryRef, { id }: Pick<UploadRecord, 'id'>): Work<Error> {
  const present = yield* tx.uploads.find(id);
  return present === undefined ? uploadNotFound(id, ref) : busy(present, ref);
}

function busy({ id, offset }: UploadRecord, ref: RepositoryRef): Error {
  return invalidLayerPart('Another request is uploading to this layer', ref, id, offset - 1);
}

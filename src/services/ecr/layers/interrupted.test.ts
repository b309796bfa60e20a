/**
 * A push that ends at any step, before or after the step took effect, as a crash or a failing store ends it: what is recorded is
 * there byte for byte, and the same push succeeds afterwards.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { createMemoryEcr, hour, type MemoryEcr } from '../../../../tests/support/memory-ecr.ts';
import { sha256Digest } from '../../../lib/oci/digest.ts';
import { createEcrService, type EcrService } from '../ecr-service.ts';
import { appendUpload } from './append-upload.ts';
import { createCollector } from './collect-layers.ts';
import { completeUpload } from './complete-upload.ts';
import { findLayer } from './find-layer.ts';
import { findUpload } from './find-upload.ts';
import { claimMs } from './hold-upload.ts';
import { startUpload } from './start-upload.ts';
import { createObjectSweep } from './sweep-objects.ts';
import { uploadWholeLayer } from './upload-whole-layer.ts';

class Crash extends Error {}

interface Countdown {
  steps: number;
  readonly crashAt: number;
  readonly when: 'before' | 'after';
}

/** The same stores, which stop working at the chosen step: neither does that step answer, nor any after it. */
function crashing(memory: MemoryEcr, countdown: Countdown): EcrService {
  const { metadata, blobs, clock, keys, settings } = memory.ecr;
  async function step<T>(work: () => Promise<T>): Promise<T> {
    const at = countdown.steps++;
    if (at > countdown.crashAt || (at === countdown.crashAt && countdown.when === 'before')) throw new Crash();
    const answer = await work();
    if (at === countdown.crashAt) throw new Crash();
    return answer;
  }
  const ports = {
    clock,
    keys,
    metadata: { ...metadata, write: (work) => step(() => metadata.write(work)) } as typeof metadata,
    blobs: {
      ...blobs,
      append: (...args) => step(() => blobs.append(...args)),
      commit: (...args) => step(() => blobs.commit(...args)),
      abort: (...args) => step(() => blobs.abort(...args)),
      remove: (...args) => step(() => blobs.remove(...args)),
    } as typeof blobs,
  };
  return createEcrService(ports, settings);
}

type Push = (
  ecr: EcrService,
  ref: { accountId: string; region: string; name: string },
  bytes: Buffer,
) => Promise<unknown>;

const ways: Readonly<Record<string, Push>> = {
  async 'in chunks'(ecr, ref, bytes) {
    const { id } = await startUpload(ecr, ref);
    await appendUpload(ecr, ref, id, Readable.from([bytes.subarray(0, 10)]));
    await appendUpload(ecr, ref, id, Readable.from([bytes.subarray(10)]));
    await completeUpload(ecr, ref, id, sha256Digest(bytes));
  },
  async 'with its last bytes'(ecr, ref, bytes) {
    const { id } = await startUpload(ecr, ref);
    await completeUpload(ecr, ref, id, sha256Digest(bytes), { lastBytes: { source: Readable.from([bytes]) } });
  },
  'in one go': (ecr, ref, bytes) => uploadWholeLayer(ecr, ref, sha256Digest(bytes), Readable.from([bytes])),
};

/** Before the push: nothing, the same layer in good health, or damaged. */
const beginnings = ['nothing', 'a good layer', 'a damaged layer'] as const;

async function readLayer(memory: MemoryEcr, digest: string): Promise<Buffer | undefined> {
  const layer = await findLayer(memory.ecr, memory.ref('app'), digest);
  return layer && memory.objects.get(layer.blob.location)?.bytes;
}

const cases = Object.entries(ways).flatMap(([way, push]) =>
  beginnings.flatMap((beginning) => [false, true].map((sharedUploads) => ({ way, push, beginning, sharedUploads }))),
);

for (const { way, push, beginning, sharedUploads } of cases) {
  test(`${way}, with ${beginning} there before${sharedUploads ? ', beside other nodes' : ''}`, async () => {
    let crashes = 0;
    for (const when of ['before', 'after'] as const) {
      for (let crashAt = 0; ; crashAt += 1) {
        const memory = await createMemoryEcr({ sharedUploads });
        const ref = await memory.createRepository('app');
        const bytes = randomBytes(100);
        const digest = sha256Digest(bytes);
        if (beginning !== 'nothing') await memory.pushLayer(ref, bytes);
        if (beginning === 'a damaged layer') memory.objects.clear();

        const countdown: Countdown = { steps: 0, crashAt, when };
        const outcome = await push(crashing(memory, countdown), ref, bytes).catch((error: unknown) => error);
        const what = `crash ${when} step ${crashAt}`;
        const present = await readLayer(memory, digest);
        if (present !== undefined) assert.deepEqual(present, bytes, what);
        if (beginning === 'a good layer') assert(present, `${what}: what was there stays`);
        if (!(outcome instanceof Error)) assert(present, `${what}: what is acknowledged is there`);
        else assert(outcome instanceof Crash, `${what}: ${outcome}`);

        await push(memory.ecr, ref, bytes);
        assert.deepEqual(await readLayer(memory, digest), bytes, `${what}: pushed again`);

        memory.pass(25 * hour);
        assert(await findLayer(memory.ecr, ref, digest));
        const sweep = createObjectSweep(memory.ecr);
        while ((await sweep()).more);
        while ((await createCollector(memory.ecr)()).more);
        assert.deepEqual(await readLayer(memory, digest), bytes, `${what}: swept`);
        const openUploads = await memory.ecr.metadata.read((tx) => tx.uploads.count());
        assert(memory.objects.size <= 1 + openUploads, `${what}: nothing is left over`);
        await memory.close();
        if (countdown.steps <= crashAt) break;
        crashes += 1;
      }
    }
    assert(crashes >= 6, `${crashes} crashes`);
  });
}

for (const sharedUploads of [false, true]) {
  test(`an upload whose row stayed open goes on at its acknowledged offset${sharedUploads ? ', on another node' : ''}`, async () => {
    let continued = 0;
    for (const when of ['before', 'after'] as const) {
      for (let crashAt = 0; ; crashAt += 1) {
        const memory = await createMemoryEcr({ sharedUploads });
        const ref = await memory.createRepository('app');
        const bytes = randomBytes(100);
        const digest = sha256Digest(bytes);
        const { id } = await startUpload(memory.ecr, ref);
        const from = (offset: number) => ({ source: Readable.from([bytes.subarray(offset)]), expectedOffset: offset });

        const countdown: Countdown = { steps: 0, crashAt, when };
        const broken = crashing(memory, countdown);
        const push = async () => {
          await appendUpload(broken, ref, id, Readable.from([bytes.subarray(0, 10)]));
          await completeUpload(broken, ref, id, digest, { lastBytes: from(10) });
        };
        await push().catch((error: unknown) => assert(error instanceof Crash));

        memory.pass(claimMs);
        const upload = await findUpload(memory.ecr, ref, id).catch(() => undefined);
        if (upload !== undefined) {
          await completeUpload(memory.ecr, ref, id, digest, { lastBytes: from(upload.offset) });
          continued += 1;
        }
        assert.deepEqual(await readLayer(memory, digest), bytes, `crash ${when} step ${crashAt}`);
        await memory.close();
        if (countdown.steps <= crashAt) break;
      }
    }
    assert(continued >= 8, `${continued} uploads went on`);
  });
}

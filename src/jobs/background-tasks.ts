/** What runs without a request, how often, and how fast. */
import type { Logger } from 'pino';
import type { EcrService } from '../services/ecr/ecr-service.ts';
import { collectLayers } from '../services/ecr/layers/collect-layers.ts';
import { expireUploads } from '../services/ecr/layers/expire-uploads.ts';
import { createBlobScrub } from '../services/ecr/layers/scrub-blobs.ts';
import { createObjectSweep } from '../services/ecr/layers/sweep-objects.ts';
import type { BackgroundTask } from './background.ts';

/** Intervals in ms, the rate in bytes a second; 0 turns a task off. */
export interface BackgroundSettings {
  readonly collectInterval: number;
  readonly sweepInterval: number;
  readonly scrubRate: number;
}

const PULL_TIMES_MS = 5000;
/** Between slices that hold the database for some milliseconds each: nine tenths of the time are left to requests. */
const PAUSE_MS = 50;
/** Every layer is read again when the last round is done, but a small store is not read without end. */
const SCRUB_ROUND_MS = 6 * 3_600_000;
/** Each layer that was read costs a commit, however small it is. */
const SCRUB_PAUSE_MS = 1000;

export function backgroundTasks(ecr: EcrService, settings: BackgroundSettings, log: Logger): BackgroundTask[] {
  const { collectInterval, sweepInterval, scrubRate } = settings;
  const tasks = [pullTimes(ecr)];
  if (collectInterval > 0) tasks.push(collection(ecr, collectInterval, log), expiry(ecr, collectInterval, log));
  if (sweepInterval > 0) tasks.push(sweep(ecr, sweepInterval, log));
  if (scrubRate > 0) tasks.push(scrub(ecr, scrubRate, log));
  return tasks;
}

function pullTimes(ecr: EcrService): BackgroundTask {
  return {
    name: 'write pull times',
    everyMs: PULL_TIMES_MS,
    async slice() {
      await ecr.pullTimes.flush();
      return undefined;
    },
  };
}

function collection(ecr: EcrService, everyMs: number, log: Logger): BackgroundTask {
  return {
    name: 'collect layers',
    everyMs,
    async slice() {
      const { layers, blobs, bytes, more } = await collectLayers(ecr);
      if (layers + blobs > 0) log.info({ layers, objects: blobs, bytesFreed: bytes }, 'unreferenced layers removed');
      return more ? PAUSE_MS : undefined;
    },
  };
}

function expiry(ecr: EcrService, everyMs: number, log: Logger): BackgroundTask {
  return {
    name: 'expire uploads',
    everyMs,
    async slice() {
      const { uploads, more } = await expireUploads(ecr);
      if (uploads > 0) log.info({ uploads }, 'abandoned uploads removed');
      return more ? PAUSE_MS : undefined;
    },
  };
}

function sweep(ecr: EcrService, everyMs: number, log: Logger): BackgroundTask {
  const next = createObjectSweep(ecr);
  return {
    name: 'sweep objects',
    everyMs,
    async slice() {
      const { removed, more } = await next();
      if (removed > 0) log.info({ objects: removed }, 'objects that no row knew removed');
      return more ? PAUSE_MS : undefined;
    },
  };
}

function scrub(ecr: EcrService, bytesPerSecond: number, log: Logger): BackgroundTask {
  const next = createBlobScrub(ecr);
  return {
    name: 'scrub layers',
    everyMs: SCRUB_ROUND_MS,
    async slice() {
      const { bytes, damaged, more } = await next();
      if (damaged !== undefined) {
        log.error({ digest: damaged }, 'a stored layer is damaged or gone; it is absent until it is pushed again');
      }
      return more ? Math.max(SCRUB_PAUSE_MS, (1000 * bytes) / bytesPerSecond) : undefined;
    },
  };
}

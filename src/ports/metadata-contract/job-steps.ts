/** The steps of the suites of jobs, each in a unit of its own. Leases of -1 ms are over at once, so that no test waits. */
import assert from 'node:assert/strict';
import type { NewJob } from '../job-store.ts';
import type { Metadata } from '../metadata.ts';
import type { JobRecord } from '../records.ts';

export const LEASE = 3_600_000;
export const OVER = -1;
export const LATER = 3_600_000;
export const kinds = ['collect', 'sweep'];
export const holder = 'one';

export const add = (metadata: Metadata, job: Partial<NewJob> = {}) =>
  metadata.write((tx) => tx.jobs.add({ kind: 'collect', subject: '', ...job }));
export const claim = (metadata: Metadata, by: { holder?: string; leaseMs?: number; kinds?: readonly string[] } = {}) =>
  metadata.write((tx) => tx.jobs.claim({ kinds, holder, leaseMs: LEASE, ...by }));
export const find = (metadata: Metadata, { id }: { id: number }) => metadata.read((tx) => tx.jobs.find(id));
export const stateOf = async (metadata: Metadata, job: { id: number }) => (await find(metadata, job))?.state;
export const claimed = async (metadata: Metadata, by: Parameters<typeof claim>[1] = {}): Promise<JobRecord> => {
  const job = await claim(metadata, by);
  assert(job, 'there is a job to claim');
  return job;
};

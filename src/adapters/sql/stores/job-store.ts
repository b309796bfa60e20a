/** The queue of work without a request. No cache holds jobs, so no change is told. */
import type { JobStore } from '../../../ports/job-store.ts';
import type { JobRecord, JobState } from '../../../ports/records.ts';
import type { Work } from '../../../ports/work.ts';
import { all, first, run } from '../statement.ts';
import * as claims from './job-claim-queries.ts';
import * as query from './job-queries.ts';

const NEVER = Number.MAX_SAFE_INTEGER;

export const jobStore: JobStore = {
  *add({ kind, subject, payload, priority = 0, delayMs = 0 }) {
    const args = { kind, subject, payload: toJson(payload), priority, delayMs: Math.round(delayMs) };
    return toJob((yield* first(query.add, args))!);
  },
  *find(id) {
    const row = yield* first(query.find, { id });
    return row && toJob(row);
  },
  *findActive(kind, subject) {
    const row =
      (yield* first(query.findRunning, { kind, subject })) ?? (yield* first(query.findWaiting, { kind, subject }));
    return row && toJob(row);
  },
  *isDue(kinds) {
    return (yield* first(claims.isDue, { kinds })) !== undefined;
  },
  *claim({ kinds, holder, leaseMs }) {
    const args = { kinds, holder, leaseMs };
    const row = (yield* first(claims.claimAbandoned, args)) ?? (yield* first(claims.claimDue, args));
    return row && toJob(row);
  },
  *heartbeat(id, { holder, leaseMs, progress, further = false }) {
    const renewed =
      progress === undefined
        ? yield* run(query.renew, { id, holder, leaseMs })
        : yield* run(query.setProgress, { id, holder, leaseMs, progress: toJson(progress) });
    if (renewed === 0) return false;
    if (further) yield* run(query.countFromHere, { id, holder });
    return true;
  },
  *finish(id, { holder, progress }) {
    if (progress !== undefined) yield* run(query.setProgress, { id, holder, leaseMs: 0, progress: toJson(progress) });
    return (yield* run(query.end, { id, holder, state: 'done', error: '' })) === 1;
  },
  *postpone(id, { holder, error, delayMs }) {
    const job = yield* first(query.touchHeld, { id, holder });
    if (job === undefined) return false;
    yield* waitAgain(job, { error, delayMs, attempts: job.attempts });
    return true;
  },
  *release(id, { holder }) {
    const job = yield* first(query.touchHeld, { id, holder });
    if (job === undefined) return false;
    yield* waitAgain(job, { error: job.error, delayMs: 0, attempts: job.attempts - 1 });
    return true;
  },
  *giveUp(id, { holder, error }) {
    return (yield* run(query.end, { id, holder, state: 'given-up', error })) === 1;
  },
  *retry(id) {
    const job = yield* first(query.findGivenUp, { id });
    return job && toJob(yield* waitAgain(job, { error: job.error, delayMs: 0, attempts: 0 }));
  },
  *remove(id) {
    return (yield* run(query.remove, { id })) === 1;
  },
  *list({ before = NEVER, limit, state }) {
    const rows =
      state === undefined
        ? yield* all(query.list, { before, limit })
        : yield* all(query.listByState, { before, limit, state });
    return rows.map(toJob);
  },
  *statistics() {
    return (yield* all(query.statistics, {})).map(({ kind, state, count, oldest_due_ms }) => ({
      kind,
      state: state as Exclude<JobState, 'done'>,
      count,
      oldestDueMs: state === 'waiting' ? Math.max(0, oldest_due_ms) : 0,
    }));
  },
  *takeSlot(schedule, slot) {
    return (yield* run(query.takeSlot, { name: schedule, slot })) === 1;
  },
  *prune(of) {
    return yield* run(query.prune, of);
  },
};

/** Of two that would wait for the same, one is left: this one, with what the other knew better. */
function* waitAgain(
  job: query.JobRow,
  { error, delayMs, attempts }: { error: string; delayMs: number; attempts: number },
): Work<query.JobRow> {
  const other = yield* first(query.removeWaiting, { kind: job.kind, subject: job.subject });
  const row = yield* first(query.wait, {
    id: job.id,
    payload: other?.payload ?? job.payload,
    priority: Math.max(job.priority, other?.priority ?? job.priority),
    delayMs: Math.round(delayMs),
    atLatest: other?.due_at ?? NEVER,
    attempts,
    error,
  });
  return row!;
}

const toJob = (row: query.JobRow): JobRecord => ({
  id: row.id,
  kind: row.kind,
  subject: row.subject,
  payload: fromJson(row.payload),
  priority: row.priority,
  state: row.state as JobState,
  dueAt: row.due_at,
  attempts: row.attempts,
  holder: row.holder,
  heldUntil: row.held_until,
  progress: fromJson(row.progress),
  error: row.error === '' ? undefined : row.error,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const toJson = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));
const fromJson = (text: string): unknown => (text === '' ? undefined : JSON.parse(text));

/**
 * Drives units of work on one SQLite connection.
 *
 * A unit runs to its end without giving up the thread, so nothing of this process comes between its steps. What other
 * processes commit is kept out by transactions. Writers that wait at the same time share one commit, because a commit costs
 * a sync of the disk and the statements of a unit cost microseconds.
 */
import type { DatabaseSync } from 'node:sqlite';
import { type Metadata, type MetadataChange, MetadataUnavailable } from '../../../ports/metadata.ts';
import type { Work } from '../../../ports/work.ts';
import { metadataTx } from '../metadata-tx.ts';
import type { Call, Step } from '../statement.ts';
import { type Changes, openChangeLog } from './change-log.ts';
import { createLockTurns } from './lock-turns.ts';
import { busyTimeoutMs, executor } from './sqlite-connection.ts';
import { isBusy, toPortError } from './sqlite-errors.ts';

/** A batch ends after so many units or so much time, so that no writer waits long and requests get their turn between. */
const batchUnits = 256;
const batchMs = 15;
/**
 * How long a commit waits at most for as many writers as there were lately: it blocks the thread, also for those who are about to
 * write. Measured on a busy machine with 16 clients pushing small images: a third more images, a sixth less CPU (medians of 4); of
 * fixed waits 1 ms brought less, 4 ms nothing. A writer who is alone waits for nobody once a few commits had one writer.
 */
const gatherMs = 2;
export interface SqliteEngineOptions {
  /** How long writers wait for another process to finish its transaction. */
  readonly lockTimeoutMs?: number;
}

interface Waiting {
  readonly work: () => Work<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** The metadata port on a connection that is open and migrated. */
export function sqliteEngine(db: DatabaseSync, { lockTimeoutMs = 10_000 }: SqliteEngineOptions = {}): Metadata {
  const execute = executor(db);
  const begin = db.prepare('begin');
  const beginImmediate = db.prepare('begin immediate');
  const waitForLocks = db.prepare(`pragma busy_timeout = ${busyTimeoutMs}`);
  const waitForNoLock = db.prepare('pragma busy_timeout = 0');
  const commit = db.prepare('commit');
  const rollback = db.prepare('rollback');
  const savepoint = db.prepare('savepoint unit');
  const release = db.prepare('release unit');
  const rollbackToSavepoint = db.prepare('rollback to unit');
  const dataVersion = db.prepare('pragma data_version');
  dataVersion.setReturnArrays(true);
  const readDataVersion = () => (dataVersion.get() as unknown as [number])[0];

  const listeners: ((change: MetadataChange) => void)[] = [];
  const queue: Waiting[] = [];
  let flushing: NodeJS.Immediate | NodeJS.Timeout | undefined;
  let lockedSince: number | undefined;
  const turns = createLockTurns();
  /** That of the last commit here or later, to see whether others have written since. */
  let writtenVersion = readDataVersion();
  /** About how many writers shared the last commits. */
  let recentWriters = 0;
  let gathering: NodeJS.Timeout | undefined;
  const changeLog = openChangeLog(db);
  /** Undefined when it must be looked what has changed in any case. */
  let lastDataVersion: number | undefined = readDataVersion();
  let closed = false;

  function tell(changes: Changes): void {
    if (changes.size === 0) return;
    const change: MetadataChange = changes.has('everything')
      ? { kind: 'everything' }
      : { kind: 'repositories', ids: changes as ReadonlySet<number> };
    for (const listener of listeners) listener(change);
  }

  /** Takes the write lock or throws at once: who waits for it does so without holding the thread. */
  const takeLock = {
    run() {
      waitForNoLock.get();
      try {
        beginImmediate.run();
      } finally {
        waitForLocks.get();
      }
    },
  };

  function inTransaction<T>(open: { run(): unknown }, run: () => T): T {
    open.run();
    try {
      const value = run();
      commit.run();
      return value;
    } catch (error) {
      // Some errors (disk full, input or output) have ended the transaction already.
      if (db.isTransaction) rollback.run();
      throw error;
    }
  }

  /**
   * Always in a transaction, so that all steps see one snapshot. It costs a single step half a µs, and makes every further
   * one cheaper, because the lock is taken once.
   */
  function runRead<T>(work: Work<T>): T {
    return inTransaction(begin, () => drive(work, (step) => execute(step as Call)));
  }

  /** Runs the unit and adds what it changed to `changes`, unless it throws. */
  function runUnit(unit: Waiting, changes: Set<number | 'everything'>): unknown {
    const own: (number | 'everything')[] = [];
    const value = drive(unit.work(), (step) => {
      if (step.kind !== 'changed') return execute(step);
      own.push(step.repositoryId);
      return undefined;
    });
    for (const change of own) changes.add(change);
    return value;
  }

  /** Runs the unit so that its failure undoes it alone. Throws only when the database is at fault, and then for all. */
  function runGuarded(unit: Waiting, changes: Set<number | 'everything'>): Outcome {
    savepoint.run();
    try {
      const value = runUnit(unit, changes);
      release.run();
      return { value };
    } catch (error) {
      if (toPortError(error) !== error || !db.isTransaction) throw error;
      rollbackToSavepoint.run();
      release.run();
      return { error };
    }
  }

  function scheduleFlush(): void {
    const pause = flushing === undefined ? turns.pause() : 0;
    if (pause > 0) {
      clearTimeout(gathering);
      gathering = undefined;
      flushing = setTimeout(flush, pause);
    } else if (queue.length >= recentWriters) {
      // As many as lately, or a writer who is alone: nobody else is likely to come.
      clearTimeout(gathering);
      gathering = undefined;
      flushing ??= setImmediate(flush);
    } else if (flushing === undefined) {
      gathering ??= setTimeout(flush, gatherMs);
    }
  }

  function flush(): void {
    flushing = undefined;
    gathering = undefined;
    const batch: Waiting[] = [];
    const outcomes: Outcome[] = [];
    const changes = new Set<number | 'everything'>();
    let logged: ReturnType<typeof changeLog.append> | undefined;
    try {
      inTransaction(takeLock, () => {
        lockedSince = undefined;
        const version = readDataVersion();
        turns.taken(version !== writtenVersion);
        writtenVersion = version;
        const alone = queue.length === 1;
        const started = performance.now();
        while (queue.length > 0 && batch.length < batchUnits && performance.now() - started < batchMs) {
          const unit = queue.shift()!;
          batch.push(unit);
          outcomes.push(alone ? { value: runUnit(unit, changes) } : runGuarded(unit, changes));
        }
        if (changes.size > 0) logged = changeLog.append(changes);
      });
    } catch (error) {
      if (batch.length === 0 && isBusy(error) && waitForLock()) return;
      const reason = toPortError(error);
      // Nobody got to run: whatever kept the transaction from beginning concerns all who wait.
      const failed = batch.length === 0 ? queue.splice(0) : batch;
      for (const unit of failed) unit.reject(reason);
      if (queue.length > 0) scheduleFlush();
      return;
    }
    recentWriters = Math.max(batch.length, recentWriters >> 1);
    if (queue.length > 0) scheduleFlush();
    if (logged !== undefined) {
      logged.committed();
      tell(logged.changes);
    }
    for (const [index, outcome] of outcomes.entries()) {
      if ('error' in outcome) batch[index]!.reject(outcome.error);
      else batch[index]!.resolve(outcome.value);
    }
  }

  /** Another process is writing. Looks again soon, without holding the thread; answers false when it has taken too long. */
  function waitForLock(): boolean {
    const now = performance.now();
    lockedSince ??= now;
    if (now - lockedSince > lockTimeoutMs) {
      lockedSince = undefined;
      return false;
    }
    flushing = setTimeout(flush, turns.refused());
    return true;
  }

  function assertOpen(): void {
    if (closed) throw new MetadataUnavailable('The database has been closed.');
  }

  return {
    async read(work) {
      assertOpen();
      try {
        return runRead(work(metadataTx));
      } catch (error) {
        throw toPortError(error);
      }
    },

    async write<T>(work: Parameters<Metadata['write']>[0]): Promise<T> {
      assertOpen();
      return new Promise<T>((resolve, reject) => {
        queue.push({ work: () => work(metadataTx), resolve: resolve as (value: unknown) => void, reject });
        scheduleFlush();
      });
    },

    refresh() {
      const version = readDataVersion();
      if (version === lastDataVersion) return;
      try {
        // What is committed between the two looks is told now, and looked for in vain the next time.
        lastDataVersion = version;
        tell(changeLog.news());
      } catch {
        lastDataVersion = undefined;
        tell(new Set(['everything']));
      }
    },

    onChange(listener) {
      listeners.push(listener);
    },

    async ping() {
      assertOpen();
      try {
        // Taking the write lock is enough; writing a row would cost a sync at every probe.
        inTransaction(takeLock, () => undefined);
      } catch (error) {
        // Another process that writes just now is no failure.
        if (!isBusy(error)) throw toPortError(error);
      }
    },

    async close() {
      if (closed) return;
      while (queue.length > 0 && (flushing ?? gathering) !== undefined)
        await new Promise((resolve) => setTimeout(resolve, 1));
      closed = true;
      db.close();
    },
  };
}

/** Runs the work to its end. What a step throws is thrown into the work, which may have something to undo. */
function drive<T>(work: Work<T>, execute: (step: Step) => unknown): T {
  let next = work.next();
  while (!next.done) {
    const step = next.value as Step;
    next = answer(work, () => execute(step));
  }
  return next.value;
}

function answer<T>(work: Work<T>, execute: () => unknown): IteratorResult<unknown, T> {
  let value: unknown;
  try {
    value = execute();
  } catch (error) {
    return work.throw(error);
  }
  return work.next(value);
}

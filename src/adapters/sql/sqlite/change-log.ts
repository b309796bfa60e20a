/**
 * What each commit changed or removed, in the table `changes`, so that other processes on the database forget that much and no more.
 * A commit that only adds writes nothing here.
 */
import type { DatabaseSync } from 'node:sqlite';

/** Ids of repositories, or everything. */
export type Changes = ReadonlySet<number | 'everything'>;

export interface ChangeLog {
  /**
   * Writes down what the open transaction has changed. Answers what caches are to be told after its commit: that, and what other processes
   * have changed since this one last looked. `committed` is to be called first.
   */
  append(changes: Changes): { readonly changes: Changes; readonly committed: () => void };
  /** What other processes have changed since this one last looked. Throws what SQLite throws; then it has not looked. */
  news(): Changes;
}

/** Ids have been handed out from 1 on. */
const everything = 0;
/** How many rows are kept. A process that has not looked for so many changes forgets everything. */
const keptRows = 10_000;
/** How many rows are removed at a time, so that few commits are held up by it. */
const pruneRows = 200;
/** A commit that changes more is everything: to forget all is cheaper than to write so much. */
const maxIds = 100;

export function openChangeLog(db: DatabaseSync): ChangeLog {
  const last = db.prepare('select coalesce(max(sequence), 0) as sequence from changes');
  const since = db.prepare('select sequence, repository_id as id from changes where sequence > ? order by sequence');
  const insert = db.prepare('insert into changes (repository_id) values (?)');
  const prune = db.prepare('delete from changes where sequence <= ?');
  /** The row up to which everything is known. */
  let seen = (last.get() as { sequence: number }).sequence;

  /** Adds what is in the table beyond `seen`; answers the last row. */
  function look(found: Set<number | 'everything'>): number {
    let expected = seen + 1;
    for (const row of since.iterate(seen) as Iterable<{ sequence: number; id: number }>) {
      // Rows are numbered without gaps, so some have been removed unread.
      if (row.sequence !== expected) found.add('everything');
      found.add(row.id === everything ? 'everything' : row.id);
      expected = row.sequence + 1;
    }
    return expected - 1;
  }

  function write(changes: Changes): number {
    const ids = changes.has('everything') || changes.size > maxIds ? [everything] : (changes as ReadonlySet<number>);
    let sequence = 0;
    for (const id of ids) {
      sequence = Number(insert.run(id).lastInsertRowid);
      if (sequence % pruneRows === 0) prune.run(sequence - keptRows);
    }
    return sequence;
  }

  return {
    append(changes) {
      const told = new Set(changes);
      look(told);
      const sequence = write(changes);
      return {
        changes: told,
        committed: () => {
          seen = sequence;
        },
      };
    },
    news() {
      const found = new Set<number | 'everything'>();
      seen = look(found);
      return found;
    },
  };
}

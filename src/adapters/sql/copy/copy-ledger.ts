/** The ledger of what a restore or move has copied, in a small SQLite file. Losing its last lines costs copying those again. */
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { CopyLedger } from '../../../ports/database-copy.ts';

/** Opens the ledger for copies to `target`; what stands in it for another target is forgotten. Throws what SQLite throws. */
export function openCopyLedger(path: string, target: string): CopyLedger {
  let db = connect(path);
  const found = db.prepare('select name from target').get();
  if (found !== undefined && found.name !== target) {
    db.close();
    for (const ending of ['', '-wal', '-shm']) rmSync(path + ending, { force: true });
    db = connect(path);
  }
  db.prepare('insert into target select ? where not exists (select 1 from target)').run(target);
  const find = db.prepare('select location, fingerprint from layers where digest = ?');
  const add = db.prepare('insert or replace into layers (digest, location, fingerprint) values (?, ?, ?)');
  const remove = db.prepare('delete from layers where digest = ?');
  return {
    find: (digest) => find.get(digest) as ReturnType<CopyLedger['find']>,
    add: ({ digest, location, fingerprint }) => void add.run(digest, location, fingerprint),
    forget: (digest) => void remove.run(digest),
    close: () => db.close(),
  };
}

function connect(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 10_000 });
  db.exec('pragma journal_mode = wal; pragma synchronous = normal');
  db.exec(`
    create table if not exists target (name text not null) strict;
    create table if not exists layers (
      digest text not null primary key, location text not null, fingerprint text not null
    ) strict, without rowid;
  `);
  return db;
}

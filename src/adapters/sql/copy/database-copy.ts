/** Copies of the database in SQLite files, whatever the database itself is. Written in plain SQL: old copies have old schemas. */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { CopiedLayer, DatabaseCopy, DatabaseDraft } from '../../../ports/database-copy.ts';
import { connectSqlite } from '../sqlite/sqlite-connection.ts';

const SLICE = 500;

/** Opens a copy to read from; the file stays as it is to the last byte. Throws what SQLite throws. */
export function openDatabaseCopy(path: string): DatabaseCopy {
  return readable(new DatabaseSync(path, { readOnly: true }));
}

/** Opens a copy to make a database of it; brings it to the present schema. Throws what SQLite throws, and DatabaseTooNew. */
export function openDatabaseDraft(path: string): DatabaseDraft {
  const db = connectSqlite(path);
  return {
    ...readable(db),
    relocate(layers, at) {
      const update = db.prepare(
        'update blobs set location = ?, fingerprint = ?, damaged = ?, verified_at = iif(?, verified_at, ?) where id = ?',
      );
      atomically(db, () => {
        for (const { id, location, fingerprint, lost } of layers)
          update.run(location, fingerprint, lost ? 1 : 0, lost ? 1 : 0, at, id);
      });
    },
    fixInstallationValue(name, value) {
      db.prepare('insert into installation (name, value) values (?, ?) on conflict do nothing').run(name, value);
      return String(db.prepare('select value from installation where name = ?').get(name)?.value);
    },
    reseal(seal) {
      const all = db.prepare('select access_key_id as id, sealed_secret as sealed from access_keys').all();
      const update = db.prepare('update access_keys set sealed_secret = ? where access_key_id = ?');
      atomically(db, () => {
        for (const { id, sealed } of all) update.run(seal(String(id), sealed as Uint8Array), String(id));
        db.exec("delete from installation where name = 'key-check'");
      });
    },
    settle() {
      // Where layers are is said anew by whoever serves them first.
      atomically(db, () =>
        db.exec("delete from uploads; delete from changes; delete from installation where name = 'layer-place'"),
      );
      // One file again: the log's content goes into it and the log away.
      db.exec('pragma journal_mode = delete');
      sync(path);
    },
  };
}

function readable(db: DatabaseSync): DatabaseCopy {
  const page = db.prepare(
    'select id, digest, size, location, fingerprint, damaged from blobs where id > ? order by id limit ?',
  );
  const one = db.prepare('select 1 from blobs where digest = ?');
  return {
    sums: () => {
      const row = db.prepare('select count(*) as layers, coalesce(sum(size), 0) as bytes from blobs').get();
      return { layers: Number(row?.layers), bytes: Number(row?.bytes) };
    },
    *layers() {
      for (let after = 0; ; ) {
        const rows = page.all(after, SLICE);
        if (rows.length === 0) return;
        yield rows.map((row) => ({ ...row, damaged: row.damaged === 1 }) as CopiedLayer);
        after = Number(rows.at(-1)?.id);
      }
    },
    names: (digest) => one.get(digest) !== undefined,
    close: () => db.close(),
  };
}

function atomically(db: DatabaseSync, work: () => void): void {
  db.exec('begin immediate');
  try {
    work();
    db.exec('commit');
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

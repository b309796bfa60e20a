import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectSqlite } from '../sqlite/sqlite-connection.ts';
import { copiedTables, placeBoundTables } from './copied-tables.ts';

test('every table is either copied or said to be of one place', () => {
  const db = connectSqlite(':memory:');
  const tables = db
    .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
    .all()
    .map(({ name }) => String(name));
  const named = new Set([...copiedTables.map(({ name }) => name), ...placeBoundTables]);
  assert.deepEqual(
    tables.filter((name) => !named.has(name)),
    [],
  );
  for (const { name } of copiedTables) assert.ok(tables.includes(name), name);
  db.close();
});

test('what hands out ids goes on counting in the copy', () => {
  const db = connectSqlite(':memory:');
  const counted = db
    .prepare("select name from sqlite_schema where type = 'table' and sql like '%autoincrement%'")
    .all()
    .map(({ name }) => String(name))
    .filter((name) => !placeBoundTables.includes(name));
  assert.deepEqual(counted.sort(), copiedTables.flatMap(({ name, counter }) => (counter ? [name] : [])).sort());
  db.close();
});

test('tables come after those they refer to', () => {
  const db = connectSqlite(':memory:');
  const place = new Map(copiedTables.map(({ name }, at) => [name, at]));
  for (const { name } of copiedTables) {
    for (const { table } of db.prepare('select "table" from pragma_foreign_key_list(?)').all(name))
      assert.ok((place.get(String(table)) ?? 99) < place.get(name)!, `${name} refers to ${String(table)}`);
  }
  db.close();
});

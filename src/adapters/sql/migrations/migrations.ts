/** Every migration there is, in order. A new one is added at the end and gets a fixture (see README). */
import { firstTables } from './0001-first-tables.ts';
import { manyNodes } from './0002-many-nodes.ts';
import type { Migration } from './migration.ts';

export const migrations: readonly Migration[] = [firstTables, manyNodes];

/** How a contract test gets its database: a new one each, closed whatever happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Metadata } from '../metadata.ts';

export interface OpenedMetadata {
  readonly metadata: Metadata;
  /** Opens the same database once more, as another process would. Absent where nobody else can reach it (`alone`). */
  readonly openAgain?: () => Promise<Metadata>;
  /** Closes `metadata`, if it is not, and removes the database. */
  readonly close: () => Promise<void>;
}

export type OpenMetadata = () => Promise<OpenedMetadata>;

export function onMetadata(open: OpenMetadata, name: string, body: (metadata: Metadata) => Promise<void>): void {
  test(name, async () => {
    const { metadata, close } = await open();
    try {
      await body(metadata);
    } finally {
      await close();
    }
  });
}

/** For what concerns two processes. */
export function onTwoHandles(
  open: OpenMetadata,
  name: string,
  body: (here: Metadata, there: Metadata) => Promise<void>,
): void {
  test(name, async () => {
    const { metadata, openAgain, close } = await open();
    try {
      assert.ok(openAgain, 'a database that others can reach says how');
      const there = await openAgain();
      try {
        await body(metadata, there);
      } finally {
        await there.close();
      }
    } finally {
      await close();
    }
  });
}

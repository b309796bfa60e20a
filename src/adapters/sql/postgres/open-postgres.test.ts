/** The contract on PostgreSQL: the same as on SQLite. And what is said when a database cannot be opened. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import {
  type MigratedDatabases,
  openMigratedDatabases,
  openNode,
} from '../../../../tests/support/postgres-metadata.ts';
import { postgresMissing } from '../../../../tests/support/postgres-server.ts';
import { metadataContract } from '../../../ports/metadata.contract.ts';
import { openPostgres } from './open-postgres.ts';

const skip = postgresMissing() ?? false;

describe('PostgreSQL', { skip }, () => {
  if (skip !== false) return;
  let databases: MigratedDatabases;
  before(async () => {
    databases = await openMigratedDatabases();
  });
  after(() => databases?.stop());

  metadataContract('PostgreSQL', async () => {
    const url = await databases.create();
    const metadata = await openNode(url);
    // Databases go with the server at the end: to drop one costs a checkpoint.
    return { metadata, openAgain: () => openNode(url), close: () => metadata.close() };
  });

  describe('opening', () => {
    const open = (url: string) => openPostgres({ url, poolSize: 1, statementTimeoutMs: 5_000, retryTimeMs: 0 });
    const changed = (change: (url: URL) => void) => {
      const url = new URL(databases.databases.adminUrl);
      change(url);
      return url.href;
    };

    test('says that the database is not there, and how to make it', async () => {
      const url = changed((each) => {
        each.pathname = '/nowhere';
      });
      await assert.rejects(open(url), /has no database "nowhere"\. Make it: createdb --encoding=UTF8 nowhere/);
    });

    test('says that nobody answers there', async () => {
      const url = changed((each) => {
        each.port = '1';
      });
      await assert.rejects(open(url), {
        name: 'MetadataUnavailable',
        message: /PostgreSQL at 127\.0\.0\.1:1 cannot be reached \(.*ECONNREFUSED.*\)/,
      });
    });

    test('says which user is not let in', async () => {
      const url = changed((each) => {
        each.username = 'no%20one';
      });
      await assert.rejects(open(url), /does not let the user "no one" in/);
    });

    test('says that the server speaks no TLS where TLS is asked for', async () => {
      const url = changed((each) => {
        each.searchParams.set('sslmode', 'verify-full');
      });
      await assert.rejects(open(url), /does not speak TLS/);
    });

    test('refuses what it would not keep', async () => {
      const url = changed((each) => {
        each.searchParams.set('sslmode', 'prefer');
      });
      await assert.rejects(open(url), /sslmode=prefer; known are disable, require, verify-ca and verify-full/);
    });

    test('wants a database of UTF8', async () => {
      const admin = databases.databases;
      const name = 'longshore_latin';
      const client = new pg.Client({ connectionString: admin.adminUrl });
      await client.connect();
      try {
        await client.query(`drop database if exists ${name}`);
        await client.query(`create database ${name} encoding 'LATIN1' locale 'C' template template0`);
        const url = changed((each) => {
          each.pathname = `/${name}`;
        });
        await assert.rejects(open(url), /has the encoding LATIN1, Longshore needs UTF8/);
        await client.query(`drop database ${name}`);
      } finally {
        await client.end();
      }
    });
  });
});

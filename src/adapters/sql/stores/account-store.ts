/** Accounts and their root access keys. */
import type { Selectable } from 'kysely';
import type { AccountStore } from '../../../ports/metadata.ts';
import type { AccessKeyRecord, AccountRecord } from '../../../ports/records.ts';
import type { AccessKeysTable, AccountsTable } from '../schema.ts';
import { all, changed, first, run, statement } from '../statement.ts';

export const accountStore: AccountStore = {
  *find(accountId) {
    const row = yield* first(findAccount, { accountId }, 'exclusive');
    return row && toAccount(row);
  },
  *list() {
    return (yield* all(listAccounts, {})).map(toAccount);
  },
  *add(account) {
    return (yield* run(addAccount, account)) === 1;
  },
  *delete(accountId) {
    const deleted = (yield* run(deleteAccount, { accountId })) === 1;
    if (deleted) yield* changed('everything');
    return deleted;
  },
  *findAccessKey(accessKeyId) {
    const row = yield* first(findAccessKey, { accessKeyId });
    return row && toAccessKey(row);
  },
  *listAccessKeys(accountId) {
    return (yield* all(listAccessKeys, { accountId })).map(toAccessKey);
  },
  *putAccessKey(key) {
    yield* run(putAccessKey, key);
    yield* changed('everything');
  },
  *deleteAccessKey(accessKeyId) {
    const deleted = (yield* run(deleteAccessKey, { accessKeyId })) === 1;
    if (deleted) yield* changed('everything');
    return deleted;
  },
  *hasRepositories(accountId) {
    return (yield* first(findAnyRepository, { accountId })) !== undefined;
  },
};

const toAccount = (row: Selectable<AccountsTable>): AccountRecord => ({
  accountId: row.account_id,
  createdAt: row.created_at,
});

const toAccessKey = (row: Selectable<AccessKeysTable>): AccessKeyRecord => ({
  accessKeyId: row.access_key_id,
  accountId: row.account_id,
  sealedSecret: row.sealed_secret,
  createdAt: row.created_at,
});

const findAccount = statement(
  'accounts.find',
  (db, arg: { accountId: string }) => db.selectFrom('accounts').selectAll().where('account_id', '=', arg.accountId),
  { locks: 'accounts' },
);

const listAccounts = statement('accounts.list', (db) =>
  db.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('account_id'),
);

const addAccount = statement('accounts.add', (db, arg: AccountRecord) =>
  db
    .insertInto('accounts')
    .values({ account_id: arg.accountId, created_at: arg.createdAt })
    .onConflict((conflict) => conflict.doNothing()),
);

const deleteAccount = statement('accounts.delete', (db, arg: { accountId: string }) =>
  db.deleteFrom('accounts').where('account_id', '=', arg.accountId),
);

const findAccessKey = statement('accounts.findAccessKey', (db, arg: { accessKeyId: string }) =>
  db.selectFrom('access_keys').selectAll().where('access_key_id', '=', arg.accessKeyId),
);

const listAccessKeys = statement('accounts.listAccessKeys', (db, arg: { accountId: string }) =>
  db
    .selectFrom('access_keys')
    .selectAll()
    .where('account_id', '=', arg.accountId)
    .orderBy('created_at')
    .orderBy('access_key_id'),
);

const putAccessKey = statement('accounts.putAccessKey', (db, arg: AccessKeyRecord) =>
  db
    .insertInto('access_keys')
    .values({
      access_key_id: arg.accessKeyId,
      account_id: arg.accountId,
      sealed_secret: arg.sealedSecret,
      created_at: arg.createdAt,
    })
    .onConflict((conflict) =>
      conflict.column('access_key_id').doUpdateSet((eb) => ({
        account_id: eb.ref('excluded.account_id'),
        sealed_secret: eb.ref('excluded.sealed_secret'),
        created_at: eb.ref('excluded.created_at'),
      })),
    ),
);

const deleteAccessKey = statement('accounts.deleteAccessKey', (db, arg: { accessKeyId: string }) =>
  db.deleteFrom('access_keys').where('access_key_id', '=', arg.accessKeyId),
);

const findAnyRepository = statement('accounts.findAnyRepository', (db, arg: { accountId: string }) =>
  db.selectFrom('live_repositories').select('id').where('account_id', '=', arg.accountId).limit(1),
);

/** `longshore account`: makes, lists and deletes accounts; works beside a running server, which sees the change at once. */
import type { Command } from 'commander';
import { type Database, openDatabase } from '../app/open-stores.ts';
import { accountId as accountKind } from '../config/registry-values.ts';
import { BadValue } from '../config/setting.ts';
import { storageSettings } from '../config/storage-settings.ts';
import { createAccount, deleteAccount, listAccounts } from '../services/iam/accounts.ts';
import { addSettingOptions, configOf } from './setting-options.ts';
import { UsageError } from './usage-error.ts';

/** The command was understood and cannot be carried out; the message says why. */
class AccountRefused extends Error {
  override readonly name = 'AccountRefused';
}

export function accountCommand(program: Command): void {
  const account = program
    .command('account')
    .description('Make, list and delete accounts; each has a registry in every region.');

  addSettingOptions(
    account
      .command('create [id]')
      .description('Make an account, with a root access key that is shown once here.')
      .option('--json', 'Print JSON.'),
    storageSettings,
  ).action(async (id: string | undefined, { json }: { json?: boolean }, called: Command) => {
    const accountId = id === undefined ? undefined : checkedAccountId(id);
    const key = await withDatabase(called, ({ ports }) => createAccount(ports, { accountId }));
    if (key === undefined)
      throw new AccountRefused(
        `There is an account ${accountId} already. Choose another number, or none to get a random one.`,
      );
    const shown = { AccountId: key.accountId, AccessKeyId: key.accessKeyId, SecretAccessKey: key.secretAccessKey };
    if (json) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    else for (const [name, value] of Object.entries(shown)) process.stdout.write(`${name.padEnd(15)} ${value}\n`);
  });

  addSettingOptions(
    account.command('list').description('Print all accounts.').option('--json', 'Print JSON.'),
    storageSettings,
  ).action(async ({ json }: { json?: boolean }, called: Command) => {
    const accounts = await withDatabase(called, ({ ports }) => listAccounts(ports));
    const rows = accounts.map(({ accountId, createdAt }) => ({
      AccountId: accountId,
      CreatedAt: new Date(createdAt).toISOString(),
    }));
    process.stdout.write(
      json ? `${JSON.stringify(rows, null, 2)}\n` : rows.map((row) => `${row.AccountId}  ${row.CreatedAt}\n`).join(''),
    );
  });

  addSettingOptions(
    account.command('delete <id>').description('Delete an account that has no repositories any more.'),
    [...storageSettings, 'accountId'],
  ).action(async (id: string, _options: unknown, called: Command) => {
    const accountId = checkedAccountId(id);
    if (accountId === (await configOf(called)).accountId)
      throw new AccountRefused(`${accountId} is the default account; every start would make it again.`);
    const result = await withDatabase(called, ({ ports }) => deleteAccount(ports, accountId));
    if (result === 'absent')
      throw new AccountRefused(`There is no account ${accountId}. \`longshore account list\` prints all.`);
    if (result === 'has-repositories')
      throw new AccountRefused(`The account ${accountId} has repositories. Delete them first, in every region.`);
  });
}

async function withDatabase<T>(called: Command, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(await configOf(called));
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function checkedAccountId(text: string): string {
  try {
    return accountKind.parse(text);
  } catch (error) {
    if (error instanceof BadValue) throw new UsageError(`The number of an account ${error.message}.`);
    throw error;
  }
}

/** `longshore env`: what a shell needs to reach this server with aws, SDKs and Terraform, for `eval "$(longshore env)"`. */
import type { Command } from 'commander';
import { openDatabase } from '../app/open-stores.ts';
import { rootAccessKeyOf, serverOf } from '../app/prepare-data.ts';
import { hostForClients, registryHostOf, registrySchemeOf } from '../config/registry-host.ts';
import { accountId as accountKind, region as regionKind } from '../config/registry-values.ts';
import { BadValue } from '../config/setting.ts';
import { storageSettings } from '../config/storage-settings.ts';
import type { Config } from '../config.ts';
import { listAccounts, type RootKey } from '../services/iam/accounts.ts';
import { rootKeyOf } from '../services/iam/root-key.ts';
import { addSettingOptions, configOf } from './setting-options.ts';
import { shellQuote } from './shell-quote.ts';
import { UsageError } from './usage-error.ts';

interface EnvOptions {
  readonly account?: string[];
  readonly region?: string[];
  readonly hosts?: boolean;
  readonly json?: boolean;
}

export function envCommand(program: Command): void {
  const command = program
    .command('env')
    .description(
      'Print what aws, SDKs and Terraform need, for: eval "$(longshore env)". Works before the first start, too.',
    )
    .option('--account <account>', 'The account instead of the default one; more than one with --hosts.', collect, [])
    .option('--region <region>', 'The region instead of the default one; more than one with --hosts.', collect, [])
    .option(
      '--hosts',
      'Print /etc/hosts lines for the registries of all accounts, where names below localhost do not resolve.',
    )
    .option('--json', 'Print JSON.');
  addSettingOptions(command, [
    ...storageSettings,
    'listen',
    'accountId',
    'registryHost',
    'registryScheme',
    'tlsCert',
    'tlsKey',
  ]).action(async (options: EnvOptions, called: Command) => {
    const config = await configOf(called, ['region']);
    const accounts = (options.account ?? []).map((text) => checked('--account', () => accountKind.parse(text)));
    const regions = (options.region ?? []).map((text) => checked('--region', () => regionKind.parse(text)));
    const text = options.hosts
      ? await hostLines(config, accounts, regions)
      : await environment(config, accounts, regions, options.json);
    process.stdout.write(text);
  });
}

async function environment(
  config: Config,
  accounts: string[],
  regions: string[],
  json: boolean | undefined,
): Promise<string> {
  if (accounts.length > 1 || regions.length > 1)
    throw new UsageError('Name one --account and one --region, or add --hosts.');
  const key = await keyOf(config, accounts[0] ?? config.accountId);
  const region = regions[0] ?? config.region;
  const variables = {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    AWS_REGION: region,
    // boto3 and older tools know only this name.
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: await endpointOf(config),
  };
  if (json) return `${JSON.stringify(variables, null, 2)}\n`;
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  // A token of another login would be sent along with this key and spoil it.
  return `${lines.join('\n')}\nunset AWS_SESSION_TOKEN\n`;
}

async function keyOf(config: Config, accountId: string): Promise<RootKey> {
  if (accountId === config.accountId) return rootAccessKeyOf(config);
  const { ports, close } = await openDatabase(config);
  try {
    const key = await rootKeyOf(ports, accountId);
    if (key === undefined)
      throw new UsageError(`There is no account ${accountId}. \`longshore account create ${accountId}\` makes it.`);
    return key;
  } finally {
    await close();
  }
}

/** Where the server answers, or will: what a running one tells beats the settings, which may say port 0. */
async function endpointOf(config: Config): Promise<string> {
  const port = await portOf(config);
  const scheme = registrySchemeOf(config);
  // A certificate is for the host of the registry; without one the plain address needs no resolver.
  const host =
    config.listen.host === '127.0.0.1' && scheme === 'http' ? '127.0.0.1' : hostForClients(config.listen.host);
  const named =
    scheme === 'https' && config.registryHost !== undefined
      ? registryHostOf(config, port)(config.accountId, config.region)
      : `${host}:${port}`;
  return `${scheme}://${named}`;
}

async function portOf(config: Config): Promise<number> {
  const server = await serverOf(config);
  return server === undefined
    ? config.listen.port
    : Number(new URL(server.origin).port || (server.origin.startsWith('https') ? 443 : 80));
}

async function hostLines(config: Config, askedAccounts: string[], askedRegions: string[]): Promise<string> {
  const accounts = new Set([...askedAccounts, ...(await existingAccounts(config))]);
  const regions = new Set([config.region, ...askedRegions]);
  const hostOf = registryHostOf(config, await portOf(config));
  const names = new Set<string>();
  for (const account of accounts) {
    for (const region of regions) names.add(hostOf(account, region).replace(/:\d+$/, ''));
  }
  names.delete('localhost');
  const address = ['', '0.0.0.0', '::'].includes(config.listen.host) ? '127.0.0.1' : config.listen.host;
  return [...names].map((name) => `${address} ${name}\n`).join('');
}

async function existingAccounts(config: Config): Promise<string[]> {
  const { ports, close } = await openDatabase(config);
  try {
    return [config.accountId, ...(await listAccounts(ports)).map(({ accountId }) => accountId)];
  } finally {
    await close();
  }
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function checked<T>(flag: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof BadValue) throw new UsageError(`${flag} ${error.message}.`);
    throw error;
  }
}

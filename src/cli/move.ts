/** `longshore move`: from SQLite and files to PostgreSQL and S3 (or back), with the layers copied while the server goes on. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import {
  copyDatabase,
  lockInstallation,
  nameOfBlobs,
  openNewInstallation,
  refuseNothing,
  secretFilesOf,
  servingNodes,
} from '../app/open-safekeeping.ts';
import { openStores, type StorageConfig } from '../app/open-stores.ts';
import { serverOf } from '../app/prepare-data.ts';
import { type SettingKey, settingName, settingsTable } from '../config/settings-table.ts';
import { type StorageSetting, storageSettings } from '../config/storage-settings.ts';
import {
  type Config,
  ConfigError,
  parseSettings,
  type ResolvedSetting,
  readConfigFile,
  resolveSettings,
} from '../config.ts';
import { type MoveStep, moveInstallation } from '../services/safekeeping/move-installation.ts';
import { version } from '../version.ts';
import { counted } from './counted.ts';
import { type Progress, startProgress } from './progress.ts';
import { addSettingOptions, settingsOf } from './setting-options.ts';
import { UsageError } from './usage-error.ts';

/** How to say that the new installation has none of these. */
const leavings: Partial<Record<SettingKey, string>> = { database: 'sqlite', blobs: 'files' };

export function moveCommand(program: Command): void {
  const command = program
    .command('move')
    .description(
      'Move to another database, other blobs or another data directory: layers while the server goes on, then the database in a short pause. The old installation is only read.',
    )
    .option(
      '--to-config <path>',
      'YAML file with the settings of the new installation, for what should not stand on a command line.',
    )
    .option('--no-wait', 'Fail when servers are running at the pause, instead of waiting until they have ended.');
  addSettingOptions(command, [...storageSettings, 'accountId']);
  for (const key of storageSettings) {
    command.addOption(
      new Option(
        `--to-${settingName(key)} ${settingsTable[key].value}`,
        `${settingName(key)} of the new installation; the present one when left out.${leavings[key] === undefined ? '' : ` "${leavings[key]}": in the data directory.`}`,
      ).helpGroup('New installation:'),
    );
  }
  command.action(async (options: Record<string, string | boolean | undefined>, called: Command) => {
    const present = await settingsOf(called);
    const from = parseSettings(present);
    const given = await targetSettings(options);
    const to = parseTarget(present.map((setting) => given.get(setting.key) ?? setting));
    refuseNonsense(from, to);
    await refuseNothing(from, 'move');
    await move(from, to, options.wait !== false);
    process.stdout.write(nextSteps([...given.values()], to));
  });
}

/** What `--to-…` and the file say of the new installation. */
async function targetSettings(
  options: Record<string, string | boolean | undefined>,
): Promise<Map<SettingKey, ResolvedSetting>> {
  const flags: Partial<Record<StorageSetting, string>> = {};
  const none: StorageSetting[] = [];
  for (const key of storageSettings) {
    const text = options[`to${key[0]?.toUpperCase()}${key.slice(1)}`];
    if (typeof text !== 'string') continue;
    if (text === leavings[key]) none.push(key);
    else flags[key] = text;
  }
  const file = await readConfigFile(typeof options.toConfig === 'string' ? options.toConfig : undefined);
  const storage = new Set<SettingKey>(storageSettings);
  const settings = resolveSettings({ flags, file }).filter(({ key, from }) => from !== 'default' && storage.has(key));
  return new Map<SettingKey, ResolvedSetting>([
    ...settings.map((setting) => [setting.key, setting] as const),
    ...none.map((key) => [key, { key, text: undefined, from: 'flag' }] as const),
  ]);
}

/** Throws ConfigError in the words that were typed. */
function parseTarget(settings: readonly ResolvedSetting[]): Config {
  try {
    return parseSettings(settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError([error.message.replaceAll(/^--(?=[a-z])/gm, '--to-')]);
  }
}

function refuseNonsense(from: StorageConfig, to: StorageConfig): void {
  const sameDatabase =
    from.database === to.database && (from.database !== undefined || resolve(from.data) === resolve(to.data));
  if (!sameDatabase) return;
  throw new UsageError(
    nameOfBlobs(from) === nameOfBlobs(to)
      ? 'Say where to: --to-database, --to-blobs, --to-data, or a file with --to-config.'
      : 'The old database stays as it is, so the new one needs a place of its own: add --to-database with an empty database, or --to-data with a new directory.',
  );
}

async function move(from: Config, to: Config, mayWait: boolean): Promise<void> {
  const sameDirectory = resolve(from.data) === resolve(to.data);
  const layers = nameOfBlobs(from) !== nameOfBlobs(to);
  const target = await openNewInstallation(to, { locked: sameDirectory });
  const { ports, close } = await openStores(from, { node: { address: OURSELVES, version } });
  let release: (() => Promise<void>) | undefined;
  try {
    const source = {
      ports,
      secretFiles: await secretFilesOf(from, ports),
      copyDatabase: (path: string) => copyDatabase(from, path),
      async pause() {
        release = await pauseServers(from, mayWait);
      },
    };
    await tell(moveInstallation(source, target, { layers }));
  } finally {
    await close();
    await target.close();
    await release?.();
  }
}

async function tell(steps: AsyncGenerator<MoveStep>): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const lost: string[] = [];
  let progress: Progress | undefined;
  for await (const step of steps) {
    if (step.step === 'layer') {
      if (step.outcome === 'lost') lost.push(step.digest);
      progress?.advance(step.bytes);
      continue;
    }
    if (step.step === 'checked') {
      progress?.advance(step.bytes);
      continue;
    }
    progress?.end();
    progress = undefined;
    if (step.step === 'online') {
      say(`Copying ${counted(step.layers, 'layer')}; servers may go on.`);
      progress = startProgress('Copying layers', step.bytes);
    } else if (step.step === 'rest') {
      lost.length = 0;
      progress = startProgress('Copying what came meanwhile', step.bytes);
    } else if (step.step === 'check') progress = startProgress('Looking at the copies', step.bytes);
    else if (step.step === 'database') say('Filling the database.');
  }
  for (const digest of new Set(lost)) process.stdout.write(`LOST ${digest}: damaged or missing in the old place.\n`);
  if (lost.length > 0) {
    process.stdout.write('The next push of a lost layer heals it.\n');
    process.exitCode = 1;
  }
}

const LOOK_AGAIN_MS = 500;
/** As nodes call themselves in PostgreSQL; unlike any other process. */
const OURSELVES = `longshore move, process ${process.pid} on ${hostname()}`;

/** Resolves, with how to let servers in again, when none works on the old installation and none can begin to. */
async function pauseServers(from: StorageConfig, mayWait: boolean): Promise<() => Promise<void>> {
  let told = '';
  for (;;) {
    const { lock, who } = await tryPause(from);
    if (lock !== undefined) return () => lock.release();
    if (!mayWait) throw new UsageError(`Still served by ${who}. Stop that first, then run this again: it goes on.`);
    if (who !== told) process.stderr.write(`Now stop ${who}: this goes on by itself when that has ended.\n`);
    told = who;
    await sleep(LOOK_AGAIN_MS);
  }
}

async function tryPause(from: StorageConfig) {
  // Nodes of PostgreSQL are seen in it, wherever they run; the lock is for this directory.
  const nodes = (await servingNodes(from)).filter((address) => address !== OURSELVES);
  if (nodes.length > 0) return { who: `the nodes ${nodes.join(', ')}` };
  try {
    return { lock: await lockInstallation(from), who: '' };
  } catch (error) {
    if ((error as Error).name !== 'DataInUse') throw error;
    const server = await serverOf(from);
    return { who: server === undefined ? 'the server' : `the server, process ${server.pid} on ${server.host}` };
  }
}

/** The settings to start with. Secrets are named, not shown. */
function nextSteps(given: readonly ResolvedSetting[], to: StorageConfig): string {
  const lines = given.map(
    ({ key, text }) => `  ${settingName(key)}: ${settingsTable[key].secret ? '(as you gave it)' : text}`,
  );
  const shared =
    to.database !== undefined && to.secret === undefined
      ? `Further nodes need the same keys: copy keys.json from ${to.data}, or move with --to-secret.\n`
      : '';
  return `Moved. Start every node with these settings from now on, never again with the old ones:\n${lines.join('\n')}\n${shared}Then \`longshore verify\` reads it all once more, and what is in the old place may go.\n`;
}

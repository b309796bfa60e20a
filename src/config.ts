/** From flags, variables, the file and defaults to one checked Config. Flags beat variables, variables the file, the file defaults. */
import { readFile } from 'node:fs/promises';
import { BadValue, type Setting } from './config/setting.ts';
import { parseSettingsFile } from './config/settings-file.ts';
import { type SettingKey, settingKeys, settingName, settingsTable, variableName } from './config/settings-table.ts';
import { nearestWord } from './lib/nearest-word.ts';

type ValueOf<Row> = Row extends Setting<infer T> ? T : never;

/** Every setting, parsed. Durations in ms, sizes in bytes. */
export type Config = { readonly [Key in SettingKey]: ValueOf<(typeof settingsTable)[Key]> };

/** One setting as `longshore config` shows it. */
export interface ResolvedSetting {
  readonly key: SettingKey;
  /** As it was written; undefined when it has no value. */
  readonly text: string | undefined;
  readonly from: 'flag' | 'variable' | 'file' | 'default';
}

export interface SettingSources {
  readonly flags?: Readonly<Partial<Record<SettingKey, string>>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly file?: { readonly path: string; readonly text: string } | undefined;
}

/** The settings cannot be used; each problem names its key and what to write instead. The command line exits with 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** Throws ConfigError. */
export function resolveConfig(sources: SettingSources): Config {
  return parseSettings(resolveSettings(sources));
}

/** Where each setting comes from, still as text. Throws ConfigError for unknown keys. */
export function resolveSettings({ flags = {}, env = {}, file }: SettingSources): ResolvedSetting[] {
  const problems = unknownVariables(env);
  const fromFile = file === undefined ? {} : parseSettingsFile(file, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return settingKeys.map((key): ResolvedSetting => {
    const candidates = [
      ['flag', flags[key]],
      // An empty variable is how compose files and CI systems say "not set".
      ['variable', env[variableName(key)] || undefined],
      ['file', fromFile[key]],
    ] as const;
    for (const [from, text] of candidates) if (text !== undefined) return { key, text, from };
    return { key, text: settingsTable[key].default, from: 'default' };
  });
}

/** Throws ConfigError with everything that is wrong, not only the first. */
export function parseSettings(settings: readonly ResolvedSetting[]): Config {
  const problems: string[] = [];
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const setting of settings) {
    try {
      values[setting.key] = setting.text === undefined ? undefined : settingsTable[setting.key].parse(setting.text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      problems.push(`${writtenAs(setting)} ${error.message}.`);
    }
  }
  if (problems.length === 0) problems.push(...contradictions(values as Config));
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Config;
}

/** For tests and embedding: every setting as a user would write it, by key; no variables and no file. */
export function configFor(texts: Readonly<Partial<Record<SettingKey, string | number | undefined>>>): Config {
  const given = Object.entries(texts).filter(([, text]) => text !== undefined);
  return resolveConfig({ flags: Object.fromEntries(given.map(([key, text]) => [key, String(text)])) });
}

/** Reads the file that `--config` or LONGSHORE_CONFIG names. Throws ConfigError when it cannot be read. */
export async function readConfigFile(path: string | undefined): Promise<SettingSources['file']> {
  if (path === undefined || path === '') return undefined;
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    throw new ConfigError([
      `The configuration file cannot be read: ${(error as Error).message}. Check --config or LONGSHORE_CONFIG.`,
    ]);
  }
}

function writtenAs({ key, from }: ResolvedSetting): string {
  if (from === 'flag') return `--${settingName(key)}`;
  return from === 'variable' ? variableName(key) : settingName(key);
}

/** What Kubernetes puts into every container beside a Service called longshore. */
const SERVICE_LINK =
  /^LONGSHORE_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;

function unknownVariables(env: NonNullable<SettingSources['env']>): string[] {
  const known = new Set([...settingKeys.map(variableName), 'LONGSHORE_CONFIG']);
  const problems: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('LONGSHORE_') || known.has(name) || SERVICE_LINK.test(name)) continue;
    problems.push(unknown(`The variable ${name}`, name, known));
  }
  return problems;
}

function unknown(what: string, typed: string, known: Iterable<string>): string {
  const nearest = nearestWord(typed, known);
  return `${what} is not a setting.${nearest === undefined ? ' `longshore config` prints all.' : ` Did you mean ${nearest}?`}`;
}

function contradictions(config: Config): string[] {
  const problems: string[] = [];
  if ((config.tlsCert === undefined) !== (config.tlsKey === undefined)) {
    problems.push('tls-cert and tls-key must be given together.');
  }
  if ((config.rootAccessKeyId === undefined) !== (config.rootSecretAccessKey === undefined)) {
    problems.push('root-access-key-id and root-secret-access-key must be given together.');
  }
  if ((config.s3AccessKeyId === undefined) !== (config.s3SecretAccessKey === undefined)) {
    problems.push('s3-access-key-id and s3-secret-access-key must be given together.');
  }
  if (config.registryScheme === 'https' && config.tlsCert === undefined && config.registryHost === undefined) {
    problems.push('registry-scheme https needs registry-host, the name under which the load balancer is reached.');
  }
  if (config.regions !== '*' && !config.regions.includes(config.region)) {
    problems.push(`regions must contain the default region ${config.region}.`);
  }
  return problems;
}

/** Settings as flags of a command, and from what was typed to a Config. */
import { type Command, Option } from 'commander';
import { type SettingKey, settingKeys, settingName, settingsTable, variableName } from '../config/settings-table.ts';
import { type Config, parseSettings, type ResolvedSetting, readConfigFile, resolveSettings } from '../config.ts';

/** Adds `--config` and the flags of these settings, all when left out. */
export function addSettingOptions(command: Command, keys: readonly SettingKey[] = settingKeys): Command {
  command.addOption(
    new Option('--config <path>', 'YAML file with settings (LONGSHORE_CONFIG).').helpGroup('Settings:'),
  );
  for (const key of keys) {
    const { value, help, group } = settingsTable[key];
    command.addOption(
      new Option(`--${settingName(key)} ${value}`, `${help} (${defaultOf(key)}${variableName(key)})`).helpGroup(
        `${group}:`,
      ),
    );
  }
  return command;
}

/**
 * What `command` was called with, completed from variables and file, and where each value came from. `except` names settings
 * whose flag means something else for this command. Throws ConfigError.
 */
export async function settingsOf(command: Command, except: readonly SettingKey[] = []): Promise<ResolvedSetting[]> {
  const options = command.opts<Record<string, string | undefined>>();
  const flags: Partial<Record<SettingKey, string>> = {};
  for (const key of settingKeys) {
    const text = options[key];
    if (text !== undefined && !except.includes(key)) flags[key] = text;
  }
  const file = await readConfigFile(options.config ?? process.env.LONGSHORE_CONFIG);
  return resolveSettings({ flags, env: process.env, file });
}

/** As `settingsOf`, parsed. Throws ConfigError. */
export async function configOf(command: Command, except?: readonly SettingKey[]): Promise<Config> {
  return parseSettings(await settingsOf(command, except));
}

function defaultOf(key: SettingKey): string {
  const text = settingsTable[key].default;
  return text === undefined ? '' : `default ${text}, `;
}

/** `longshore config`: every setting, its value and where that came from. */
import type { Command } from 'commander';
import { settingName, settingsTable, variableName } from '../config/settings-table.ts';
import { parseSettings, type ResolvedSetting } from '../config.ts';
import { addSettingOptions, settingsOf } from './setting-options.ts';

export function configCommand(program: Command): void {
  const command = program.command('config').description('Print every setting, its value and where it came from.');
  addSettingOptions(command.option('--json', 'Print JSON.')).action(
    async ({ json }: { json?: boolean }, called: Command) => {
      const settings = await settingsOf(called);
      // A value that `serve` would refuse is refused here in the same words.
      parseSettings(settings);
      process.stdout.write(json ? `${printJson(settings)}\n` : printTable(settings));
    },
  );
}

function printJson(settings: readonly ResolvedSetting[]): string {
  const rows = settings.map((setting) => [
    settingName(setting.key),
    { value: shown(setting) ?? null, from: setting.from },
  ]);
  return JSON.stringify(Object.fromEntries(rows), null, 2);
}

function printTable(settings: readonly ResolvedSetting[]): string {
  const rows = settings.map((setting) => [settingName(setting.key), shown(setting) ?? '-', origin(setting)]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(([name, value, from]) => `${name!.padEnd(widths[0]!)}  ${value!.padEnd(widths[1]!)}  ${from}\n`)
    .join('');
}

function shown({ key, text }: ResolvedSetting): string | undefined {
  return text !== undefined && settingsTable[key].secret ? '(secret)' : text;
}

function origin({ key, from }: ResolvedSetting): string {
  if (from === 'flag') return `flag --${settingName(key)}`;
  return from === 'variable' ? `variable ${variableName(key)}` : from;
}

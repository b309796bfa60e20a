/** docs/commands.md: what the command line says of itself, without the settings, which have a page of their own. */
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/run-cli.ts';
import { settingKeys, settingName } from '../../src/config/settings-table.ts';

export async function commandsPage(): Promise<string> {
  return `# Commands

Printed by \`scripts/generate-docs.ts\` from \`src/cli\`. Exit codes: 0 fine, 1 failed, 2 wrong usage. Every command takes the
[settings](settings.md) that concern it as flags; \`--help\` shows which.
${commandsOf(await createProgram())
  .map(section)
  .join('')}`;
}

function commandsOf(command: Command, before = ''): { name: string; command: Command }[] {
  return command.commands.flatMap((child) => {
    const name = `${before}${child.name()}`;
    return child.commands.length > 0 ? commandsOf(child, `${name} `) : [{ name, command: child }];
  });
}

function section({ name, command }: { name: string; command: Command }): string {
  const isSetting = new Set([...settingKeys.map((key) => `--${settingName(key)}`), '--config']);
  const own = command.options.filter(
    (option) => !isSetting.has(option.long ?? '') || option.helpGroupHeading === undefined,
  );
  const args = command.registeredArguments.map((argument) =>
    argument.required ? ` <${argument.name()}>` : ` [${argument.name()}]`,
  );
  const rows = own.map((option) => `| \`${option.flags}\` | ${option.description} |\n`).join('');
  return `
## longshore ${name}${args.join('')}

${command.description()}
${rows === '' ? '' : `\n| flag | meaning |\n|---|---|\n${rows}`}`;
}

/** docs/settings.md: every setting with its flag, variable, file key, default and meaning. */
import type { SettingGroup } from '../../src/config/setting.ts';
import { settingKeys, settingName, settingsTable, variableName } from '../../src/config/settings-table.ts';

export function settingsPage(): string {
  const groups = [...new Set<SettingGroup>(settingKeys.map((key) => settingsTable[key].group))];
  return `# Settings

Printed by \`scripts/generate-docs.ts\` from \`src/config/settings-table.ts\`. Longshore runs without any.

Each is a flag (\`--listen :4510\`), a variable (\`LONGSHORE_LISTEN=:4510\`) and a key of an optional YAML file (\`listen: ":4510"\`) that
\`--config\` or \`LONGSHORE_CONFIG\` names. Flags beat variables, variables the file, the file defaults. A wrong or unknown one ends the
start with exit code 2 and says what is meant. \`longshore config\` prints all with their values and where each came from.

Durations are written \`500ms\`, \`30s\`, \`10m\`, \`24h\` or \`7d\`, sizes \`65536\`, \`64KiB\`, \`5MiB\` or \`10GiB\`.
${groups.map(groupTable).join('')}`;
}

function groupTable(group: SettingGroup): string {
  const rows = settingKeys
    .filter((key) => settingsTable[key].group === group)
    .map((key) => {
      const { default: text, help } = settingsTable[key];
      return `| \`${settingName(key)}\` | \`${variableName(key)}\` | ${text === undefined ? '' : `\`${text}\``} | ${help.replaceAll('|', '\\|')} |\n`;
    });
  return `
## ${group}

| setting | variable | default | meaning |
|---|---|---|---|
${rows.join('')}`;
}

/** The optional YAML file of settings: a flat mapping from the names of settings to values. */
import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { nearestWord } from '../lib/nearest-word.ts';
import { type SettingKey, settingKeys, settingName } from './settings-table.ts';

/** The values as they were written. Adds to `problems` what cannot be understood, with its line. */
export function parseSettingsFile(
  file: { path: string; text: string },
  problems: string[],
): Partial<Record<SettingKey, string>> {
  const lines = new LineCounter();
  // The failsafe schema keeps every value as it is written: 012345678901 stays an account, and is not a number.
  const document = parseDocument(file.text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const at = (offset: number | undefined) => `${file.path}:${lines.linePos(offset ?? 0).line}`;
  for (const error of document.errors) problems.push(`${at(error.pos[0])}: ${error.message}`);
  if (document.errors.length > 0 || document.contents === null) return {};
  if (!isMap(document.contents)) {
    problems.push(`${file.path} must be a mapping from settings to values, such as "listen: 127.0.0.1:4510".`);
    return {};
  }

  const byName = new Map(settingKeys.map((key) => [settingName(key), key]));
  const values: Partial<Record<SettingKey, string>> = {};
  for (const pair of document.contents.items) {
    if (!isPair(pair) || !isScalar(pair.key)) continue;
    const name = String(pair.key.value);
    const where = at(pair.key.range?.[0]);
    const key = byName.get(name);
    if (key === undefined) {
      const nearest = nearestWord(name, byName.keys());
      problems.push(
        `${where}: "${name}" is not a setting.${nearest === undefined ? ' `longshore config` prints all.' : ` Did you mean ${nearest}?`}`,
      );
      continue;
    }
    const text = textOf(pair.value);
    if (text === undefined) problems.push(`${where}: ${name} must be one value or a list of values.`);
    else if (text !== '') values[key] = text;
  }
  return values;
}

/** A list is what would be written with commas elsewhere. */
function textOf(node: unknown): string | undefined {
  if (node === null) return '';
  if (isScalar(node)) return String(node.value ?? '');
  if (isSeq(node) && node.items.every((item) => isScalar(item)))
    return node.items.map((item) => String(item.value)).join(',');
  return undefined;
}

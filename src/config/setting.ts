/** What one setting is: a row of the table in settings-table.ts. Flags, variables, file keys and docs are all made from it. */

export interface Setting<T> {
  readonly group: SettingGroup;
  /** As a user would write it; undefined when the setting is off until given. */
  readonly default: string | undefined;
  /** What stands for the value in help texts: `<duration>`. */
  readonly value: string;
  /** One line. */
  readonly help: string;
  /** Shown as `(secret)` by `longshore config`. */
  readonly secret: boolean;
  /** Throws BadValue, whose message goes on from the name of the setting: `must be …`. */
  readonly parse: (text: string) => T;
  readonly optional: boolean;
}

export type SettingGroup =
  | 'Serving'
  | 'Registry'
  | 'Storage'
  | 'PostgreSQL'
  | 'S3'
  | 'Limits'
  | 'Background work'
  | 'Logs';

export class BadValue extends Error {
  override readonly name = 'BadValue';
}

/** How a kind of value is written and read. */
export interface ValueKind<T> {
  readonly value: string;
  readonly parse: (text: string) => T;
}

interface Row<T> {
  group: SettingGroup;
  kind: ValueKind<T>;
  help: string;
  secret?: boolean;
}

/** A setting that always has a value. */
export function setting<T>(row: Row<T> & { default: string }): Setting<T> {
  return { ...row, ...row.kind, secret: row.secret ?? false, optional: false };
}

/** A setting that may be absent; what that means stands in its help. */
export function optionalSetting<T>(row: Row<T>): Setting<T | undefined> {
  return { ...row, ...row.kind, default: undefined, secret: row.secret ?? false, optional: true };
}

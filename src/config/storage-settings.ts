/** The settings that say where everything is kept: whatever opens the stores needs all of them. */
import type { SettingKey } from './settings-table.ts';

/** For commands that open the stores, as flags and as the part of a Config they need. */
export const storageSettings = [
  'data',
  'database',
  'databasePoolSize',
  'databaseStatementTimeout',
  'databaseRetryTime',
  'databaseCa',
  'blobs',
  's3Endpoint',
  's3Region',
  's3PathStyle',
  's3AccessKeyId',
  's3SecretAccessKey',
  's3Ca',
  's3RequestTimeout',
  'secret',
] as const satisfies readonly SettingKey[];

export type StorageSetting = (typeof storageSettings)[number];

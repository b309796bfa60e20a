/** Joins the checks of `longshore doctor`: what the settings name is looked at, nothing is made that was not there. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecretFiles } from '../adapters/backup/secret-files.ts';
import { runningServer } from '../adapters/keys/data-lock.ts';
import { deriveKeys } from '../adapters/keys/derive-keys.ts';
import { parseKeys } from '../adapters/keys/key-file.ts';
import { checkSqliteHealth, installationValueOfSqlite } from '../adapters/sql/health/check-sqlite-health.ts';
import { checkDataDirectory } from '../adapters/surroundings/check-data-directory.ts';
import { checkNames, checkOpenFiles, checkPort, checkServer } from '../adapters/surroundings/check-network.ts';
import { checkTls } from '../adapters/surroundings/check-tls.ts';
import { registryHostOf } from '../config/registry-host.ts';
import type { Config } from '../config.ts';
import { type HealthFinding, problem } from '../ports/health-finding.ts';
import type { Keys } from '../ports/keys.ts';
import { checkBlobStore } from '../services/doctor/check-blob-store.ts';
import { checkKeys } from '../services/doctor/check-keys.ts';
import { checkLayerMark } from '../services/doctor/check-layer-mark.ts';
import { keyCheckName } from '../services/iam/same-keys.ts';
import { installationIdName } from '../services/integrity/layer-store-mark.ts';
import { certificates, openBlobs, placeOfLayers } from './open-stores.ts';

/** Another account, whose host shows whether a wildcard is there. */
const SOME_ACCOUNT = '123456789012';

/** Everything, one group after the other, so that it can be shown while it goes on. A check that fails itself is a problem, not an exception. */
export async function* examine(config: Config): AsyncGenerator<HealthFinding> {
  const hosts = hostNames(config);
  const groups: [about: string, check: () => Promise<HealthFinding[]>][] = [
    [
      'data directory',
      () =>
        checkDataDirectory({
          path: config.data,
          database: config.database === undefined,
          layers: config.blobs === undefined,
        }),
    ],
    ['database', () => checkDatabase(config)],
    ['keys', () => checkOurKeys(config)],
    ['layer store', () => checkLayers(config)],
    ['TLS', () => checkCertificate(config, hosts)],
    ['DNS', () => checkNames(hosts, config.registryHost)],
    ['server', () => checkServing(config)],
    ['open files', () => checkOpenFiles(config.maxConnections)],
  ];
  for (const [about, check] of groups) {
    try {
      yield* await check();
    } catch (error) {
      yield problem(
        about,
        `could not be looked at: ${(error as Error).message}`,
        'The message says what stands in the way.',
      );
    }
  }
}

async function checkDatabase(config: Config): Promise<HealthFinding[]> {
  if (config.database === undefined) return checkSqliteHealth(join(config.data, 'longshore.db'));
  const { checkPostgresHealth } = await import('../adapters/sql/health/check-postgres-health.ts');
  return checkPostgresHealth({
    url: config.database,
    poolSize: config.databasePoolSize,
    workers: config.workers,
    ...(await certificates('databaseCa', config.databaseCa)),
  });
}

async function checkOurKeys(config: Config): Promise<HealthFinding[]> {
  return [checkKeys(await installationValue(config, keyCheckName), await keysOf(config))];
}

/** What all nodes agreed on under this name; read without opening it as a server would, which makes what is not there. */
async function installationValue(config: Config, name: string): Promise<string | undefined> {
  if (config.database === undefined) return installationValueOfSqlite(join(config.data, 'longshore.db'), name);
  const { installationValueOfPostgres } = await import('../adapters/sql/health/check-postgres-health.ts');
  const ca = await certificates('databaseCa', config.databaseCa);
  return installationValueOfPostgres({ url: config.database, ...ca }, name);
}

async function keysOf(config: Config): Promise<Keys | undefined> {
  if (config.secret !== undefined) return deriveKeys(config.secret);
  const file = (await readSecretFiles(config.data)).find(({ name }) => name === 'keys.json');
  return file && parseKeys(file.text, join(config.data, file.name));
}

async function checkLayers(config: Config): Promise<HealthFinding[]> {
  const place = placeOfLayers(config);
  // A database that cannot be read has been told already.
  const id = await installationValue(config, installationIdName).catch(() => undefined);
  // Opening would make the directory; whether it can be made was looked at already.
  if (config.blobs === undefined && !(await exists(place.name))) {
    return id === undefined ? [] : [await checkLayerMark(id, undefined, place)];
  }
  const blobs = await openBlobs(config);
  try {
    const mark = await checkLayerMark(id, blobs, place);
    // A probe has no business in a store that is not ours.
    if (mark.verdict === 'problem') return [mark];
    const redirects = config.blobs !== undefined && config.blobDelivery === 'redirect';
    const use = { name: place.name, redirects, fetchUrl: (url: string, init: RequestInit) => fetch(url, init) };
    return [mark, ...(await checkBlobStore(blobs, use))];
  } finally {
    await blobs.close();
  }
}

async function checkCertificate(config: Config, names: readonly string[]): Promise<HealthFinding[]> {
  if (config.tlsCert === undefined || config.tlsKey === undefined) return [];
  return checkTls({ cert: config.tlsCert, key: config.tlsKey, names }, Date.now());
}

async function checkServing(config: Config): Promise<HealthFinding[]> {
  const server = (await exists(join(config.data, 'serve.lock'))) ? await runningServer(config.data) : undefined;
  return [server === undefined ? await checkPort(config.listen) : await checkServer(server.origin)];
}

/** Of the default registry and of one of another account. */
function hostNames(config: Config): string[] {
  const hostOf = registryHostOf(config, config.listen.port);
  const hosts = [hostOf(config.accountId, config.region), hostOf(SOME_ACCOUNT, config.region)];
  return [...new Set(hosts.map((host) => host.replace(/:\d+$/, '')))];
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A whole server inside the test's process, on a free port, with its own data directory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECRClient } from '@aws-sdk/client-ecr';
import { type App, startApp } from '../../src/app/start-app.ts';
import { configFor } from '../../src/config.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { fetchDockerToken } from './call-ecr.ts';
import { storesFor, type TestStores } from './test-stores.ts';

export interface TestServer {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** `127.0.0.1:<port>`, which the registry takes for the default account and region. */
  readonly host: string;
  readonly accountId: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly dataDirectory: string;
  readonly app: App;
  /** The official SDK, pointed here. Closed by `stop`. */
  ecr(region?: string): ECRClient;
  /** The docker password of the root key, asked for once at start. */
  dockerToken(): string;
  stop(): Promise<void>;
}

export type Settings = Omit<Parameters<typeof configFor>[0], 'data' | 'listen'>;

export interface StartOptions {
  /** Any setting of the configuration, as config.ts names it. */
  readonly settings?: Settings;
  readonly clock?: Clock;
  /** Where an earlier server kept its data; it is then left in place by `stop`. */
  readonly dataDirectory?: string;
  /** Left in place by `stop`. When left out: what TEST_STORES says, for this data directory. */
  readonly stores?: TestStores;
}

const credentials = {
  rootAccessKeyId: 'AKIALONGSHORETESTKEY',
  rootSecretAccessKey: 'a-secret-that-only-the-tests-know-000001',
};

export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'longshore-')));
  const stores = options.stores ?? (await storesFor(dataDirectory));
  const config = configFor({
    ...credentials,
    ...stores.settings,
    ...options.settings,
    data: dataDirectory,
    listen: '127.0.0.1:0',
  });
  const { accountId, region, rootAccessKeyId: accessKeyId = '', rootSecretAccessKey: secretAccessKey = '' } = config;
  const removeData = async () => {
    if (options.dataDirectory !== undefined) return;
    await rm(dataDirectory, { recursive: true, force: true });
    if (options.stores === undefined) await stores.dispose();
  };
  const app = await startApp(config, options.clock === undefined ? {} : { clock: options.clock }).catch(
    async (error: unknown) => {
      await removeData();
      throw error;
    },
  );
  const now = () => options.clock?.now() ?? Date.now();
  const clients: ECRClient[] = [];
  const stop = async () => {
    for (const client of clients) client.destroy();
    await app.stop();
    await removeData();
  };
  try {
    const token = await fetchDockerToken(
      app.origin,
      { accessKeyId, secretAccessKey },
      { region, date: new Date(now()) },
    );
    return {
      origin: app.origin,
      host: new URL(app.origin).host,
      accountId,
      region,
      accessKeyId,
      secretAccessKey,
      dataDirectory,
      app,
      ecr: (clientRegion = region) => {
        const client = new ECRClient({
          endpoint: app.origin,
          region: clientRegion,
          credentials: { accessKeyId, secretAccessKey },
          maxAttempts: 1,
          systemClockOffset: now() - Date.now(),
        });
        clients.push(client);
        return client;
      },
      dockerToken: () => token,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

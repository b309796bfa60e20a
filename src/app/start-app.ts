/** Where the parts of a server are joined: settings in, a running server out. What it keeps is joined in open-stores.ts. */
import { lockData } from '../adapters/keys/data-lock.ts';
import { registryHostOf, registrySchemeOf } from '../config/registry-host.ts';
import type { Config } from '../config.ts';
import { createSigV4 } from '../edges/authn/sigv4.ts';
import { createAwsJsonEdge } from '../edges/aws-json/aws-json-edge.ts';
import { createAwsQueryEdge } from '../edges/aws-query/aws-query-edge.ts';
import { createFrontPage } from '../edges/http/front-page.ts';
import { createHttpKernel } from '../edges/http/http-kernel.ts';
import { createRequestCounts } from '../edges/http/request-counts.ts';
import { followTlsFiles, readTlsPair } from '../edges/http/tls-files.ts';
import { createOciEdge } from '../edges/oci/oci-edge.ts';
import { createMetrics, type MetricsPart } from '../edges/probes/metrics.ts';
import { createProbesEdge, type ScrapedMetrics } from '../edges/probes/probes-edge.ts';
import { createReadiness } from '../edges/probes/readiness.ts';
import { createJobs } from '../jobs/create-jobs.ts';
import { type Log, logTo } from '../lib/log/create-log.ts';
import { createOperationTimings } from '../lib/operation-timings.ts';
import { type Clock, systemClock } from '../ports/clock.ts';
import type { Ports } from '../ports/ports.ts';
import { createEcrService } from '../services/ecr/ecr-service.ts';
import { createFindAccessKey } from '../services/iam/accounts.ts';
import { servesRegion } from '../services/region-name.ts';
import type { ServiceSettings } from '../services/settings.ts';
import { version } from '../version.ts';
import { openStores } from './open-stores.ts';
import { ensureDefaultAccount } from './prepare-data.ts';

export interface App {
  /** `http://127.0.0.1:4510`, with the port that was really taken. */
  readonly origin: string;
  /** Host of the default registry, as it stands in repository URIs. */
  readonly registryHost: string;
  readonly ports: Ports;
  /** Ends in order: requests in flight may finish, what is remembered is written, everything is closed. */
  stop(): Promise<void>;
}

export interface Overrides {
  readonly clock?: Clock;
  /** Silent when left out. */
  readonly log?: Log;
  readonly worker?: WorkerRole;
}

/** For one of several processes on one port (setting `workers`): another process has prepared the data and speaks for all. */
export interface WorkerRole {
  /** Answers what /metrics tells: the sum of all processes, of which `own` is this one's part. */
  shareMetrics(own: MetricsPart): ScrapedMetrics;
}

/** Starts the server. Rejects, with nothing left open, with errors whose message or code says what to do. */
export async function startApp(
  config: Config,
  { clock = systemClock, log = logTo(() => undefined, 'silent'), worker }: Overrides = {},
): Promise<App> {
  const { logger } = log;
  // Closed in reverse order, also when the start fails half-way.
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const lock = worker === undefined ? await lockData(config.data) : undefined;
    closers.push(() => lock?.release());
    const timings = { database: createOperationTimings(), blobs: createOperationTimings() };
    const { ports, figures, close } = await openStores(config, { clock, timings, log: logger });
    closers.push(close);
    if (worker === undefined) await ensureDefaultAccount(ports, config);

    // The port is known once it is taken; nobody asks for a host before.
    let port = config.listen.port;
    const settings = serviceSettings(config, () => port);
    const ecr = createEcrService(ports, settings);
    closers.push(() =>
      ecr.pullTimes.flush().catch((error: unknown) => logger.warn({ err: error }, 'pull times could not be written')),
    );

    const tlsFiles =
      config.tlsCert !== undefined && config.tlsKey !== undefined
        ? { cert: config.tlsCert, key: config.tlsKey }
        : undefined;
    const tls = tlsFiles && (await readTlsPair(tlsFiles));
    const counts = createRequestCounts();
    let draining = false;
    const findAccessKey = createFindAccessKey(ports);
    const readIdentity = createSigV4({ clock, regions: config.regions, findAccessKey });
    const jobs = createJobs(ecr, config, logger);
    const metrics = createMetrics({
      version,
      requests: counts,
      databaseTimings: timings.database,
      blobTimings: timings.blobs,
      openUploads: () => ports.metadata.read((tx) => tx.uploads.count()),
      connections: () => kernel.connections(),
      jobs: {
        ...jobs,
        statistics: () => ports.metadata.read((tx) => tx.jobs.statistics()),
        damagedLayers: () => ports.metadata.read((tx) => tx.blobs.countDamaged()),
      },
      figures,
    });
    const kernel = createHttpKernel({
      edges: {
        oci: createOciEdge({
          ecr,
          findCaller: async (accessKeyId) => (await findAccessKey(accessKeyId))?.caller,
          servesRegion: (region) => servesRegion(config.regions, region),
        }),
        awsJson: createAwsJsonEdge({ ecr, readIdentity }),
        awsQuery: createAwsQueryEdge({ readIdentity }),
        probes: createProbesEdge({
          readiness: createReadiness(ecr, () => draining),
          metrics: worker === undefined ? metrics : worker.shareMetrics(metrics),
        }),
        front: createFrontPage(version),
      },
      limits: config,
      log,
      counts,
      tls,
    });
    const address = await kernel.listen(config.listen);
    port = address.port;
    const origin = `${tls === undefined ? 'http' : 'https'}://${hostInUrl(address)}`;
    await lock?.announce(origin);

    if (tlsFiles !== undefined && tls !== undefined) {
      const follower = followTlsFiles(
        tlsFiles,
        tls,
        (pair) => {
          kernel.useTlsPair(pair);
          logger.info('new TLS certificate in use');
        },
        (problem) => logger.error({ err: problem }, 'the new TLS certificate cannot be used, the old one stays'),
      );
      closers.push(() => follower.stop());
    }
    jobs.start();
    closers.push(async () => {
      draining = true;
      // Other nodes go on with the jobs while requests have their time here.
      const [cut] = await Promise.all([
        kernel.drain({ delayMs: config.drainDelay, timeoutMs: config.drainTimeout }),
        jobs.stop(),
      ]);
      if (cut > 0) logger.warn({ requests: cut }, 'requests were cut off because they did not finish in time');
    });
    let stopping: Promise<void> | undefined;
    return {
      origin,
      registryHost: settings.registryHost(config.accountId, config.region),
      ports,
      stop: () => (stopping ??= closeAll()),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function serviceSettings(config: Config, port: () => number): ServiceSettings {
  return {
    defaultAccountId: config.accountId,
    defaultRegion: config.region,
    scheme: registrySchemeOf(config),
    registryHost: (accountId, region) => registryHostOf(config, port())(accountId, region),
    acceptSparseIndexes: config.sparseIndexes === 'accept',
    layerGracePeriodMs: config.layerGracePeriod,
    uploadExpiryMs: config.uploadExpiry,
    sharedUploads: config.workers > 1 || config.database !== undefined,
    redirectBlobsMs:
      config.blobs !== undefined && config.blobDelivery === 'redirect' ? config.redirectExpiry : undefined,
  };
}

function hostInUrl({ address, family, port }: { address: string; family: string; port: number }): string {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * Every setting of Longshore, one row each. A row `tlsCert` is the flag `--tls-cert`, the variable `LONGSHORE_TLS_CERT` and the
 * key `tls-cert` of the file; docs/settings.md is printed from here (scripts/generate-docs.ts).
 * Long because it has a row for each.
 */
import { accessKeyId, accountId, hostTemplate, region, regions, secretAccessKey } from './registry-values.ts';
import { schedule } from './schedule-value.ts';
import { optionalSetting, setting } from './setting.ts';
import { databaseUrl, endpointUrl, s3Credential, s3Place, sharedSecret } from './store-values.ts';
import { choice, duration, integer, listenAddress, path, size, timer, timerOrOff } from './value-kinds.ts';

export const settingsTable = {
  listen: setting({
    group: 'Serving',
    default: '127.0.0.1:4510',
    kind: listenAddress,
    help: 'Address to listen on; :4510 means every address of the machine, port 0 any free port.',
  }),
  tlsCert: optionalSetting({
    group: 'Serving',
    kind: path,
    help: 'PEM file with the certificate chain; serves HTTPS. Read again when it changes.',
  }),
  tlsKey: optionalSetting({ group: 'Serving', kind: path, help: 'PEM file with the private key of tls-cert.' }),
  registryHost: optionalSetting({
    group: 'Serving',
    kind: hostTemplate,
    help: 'Host of repository URIs, a template with {account} and {region}. Without it: localhost:PORT for the default account and region, {account}.dkr.ecr.{region}.localhost:PORT for all others.',
  }),
  registryScheme: setting({
    group: 'Serving',
    default: 'auto',
    kind: choice('auto', 'http', 'https'),
    help: 'Scheme of the URLs that clients are given: https where a load balancer ends TLS; auto: https with tls-cert, else http.',
  }),
  drainTimeout: setting({
    group: 'Serving',
    default: '30s',
    kind: timerOrOff,
    help: 'How long requests in flight may take to finish after SIGTERM.',
  }),
  drainDelay: setting({
    group: 'Serving',
    default: '0',
    kind: timerOrOff,
    help: 'How long after SIGTERM new requests are still answered while /readyz says no, so that a load balancer can look elsewhere first.',
  }),
  workers: setting({
    group: 'Serving',
    default: '1',
    kind: integer({ min: 1, max: 256 }),
    help: 'Processes that serve the same port on this machine. One answers more than most companies ask; more use more cores.',
  }),

  accountId: setting({
    group: 'Registry',
    default: '000000000000',
    kind: accountId,
    help: 'The default account, made at first start.',
  }),
  region: setting({
    group: 'Registry',
    default: 'us-east-1',
    kind: region,
    help: 'The default region: of every host name that names none.',
  }),
  regions: setting({
    group: 'Registry',
    default: '*',
    kind: regions,
    help: 'Regions that are served: * for all, or a list with commas.',
  }),
  sparseIndexes: setting({
    group: 'Registry',
    default: 'refuse',
    kind: choice('refuse', 'accept'),
    help: 'Whether docker and its like may push an index whose manifests are not all in the repository. ECR refuses it, and so does PutImage always.',
  }),
  rootAccessKeyId: optionalSetting({
    group: 'Registry',
    kind: accessKeyId,
    help: "Fixes the access key id of the default account's root; without it one is made at first start.",
  }),
  rootSecretAccessKey: optionalSetting({
    group: 'Registry',
    kind: secretAccessKey,
    secret: true,
    help: 'The secret of root-access-key-id.',
  }),

  data: setting({
    group: 'Storage',
    default: './longshore-data',
    kind: path,
    help: 'Directory of everything that is kept: database, layers, keys; of what database and blobs leave when they say otherwise.',
  }),
  database: optionalSetting({
    group: 'Storage',
    kind: databaseUrl,
    secret: true,
    help: 'postgres://USER:PASSWORD@HOST:PORT/NAME: everything but layers is kept in this PostgreSQL (15 or newer), for any number of nodes. Without it: SQLite in the data directory.',
  }),
  blobs: optionalSetting({
    group: 'Storage',
    kind: s3Place,
    help: 's3://BUCKET/PREFIX: layers are kept in an S3-compatible store. Without it: files in the data directory.',
  }),
  secret: optionalSetting({
    group: 'Storage',
    kind: sharedSecret,
    secret: true,
    help: 'What all keys of the installation are derived from: the same on every node. Without it: random keys in keys.json of the data directory.',
  }),
  layerGracePeriod: setting({
    group: 'Storage',
    default: '24h',
    kind: duration(),
    help: 'How long a layer stays that no image refers to; every push, mount or look-up of it begins the period again.',
  }),
  uploadExpiry: setting({
    group: 'Storage',
    default: '24h',
    kind: duration(),
    help: 'How long an upload stays open without progress.',
  }),

  databasePoolSize: setting({
    group: 'PostgreSQL',
    default: '10',
    kind: integer({ min: 1, max: 1000 }),
    help: 'Most connections of a node to PostgreSQL, besides one that hears of changes.',
  }),
  databaseStatementTimeout: setting({
    group: 'PostgreSQL',
    default: '30s',
    kind: timer,
    help: 'How long PostgreSQL may work on one statement.',
  }),
  databaseRetryTime: setting({
    group: 'PostgreSQL',
    default: '5s',
    kind: timerOrOff,
    help: 'How long a request is tried again while PostgreSQL cannot be reached or asks for it, before it is answered with 503.',
  }),
  databaseCa: optionalSetting({
    group: 'PostgreSQL',
    kind: path,
    help: 'PEM file with the certificates that sign that of PostgreSQL. TLS itself is asked for in the URL: ?sslmode=verify-full.',
  }),

  s3Endpoint: optionalSetting({
    group: 'S3',
    kind: endpointUrl,
    help: 'Where the S3-compatible store is. Without it: AWS.',
  }),
  s3Region: setting({
    group: 'S3',
    default: 'us-east-1',
    kind: region,
    help: 'The region that requests to the store are signed for.',
  }),
  s3PathStyle: setting({
    group: 'S3',
    default: 'auto',
    kind: choice('auto', 'on', 'off'),
    help: 'Whether the bucket stands in the path instead of the host name; auto: on with s3-endpoint, else off.',
  }),
  s3AccessKeyId: optionalSetting({
    group: 'S3',
    kind: s3Credential,
    help: "Access key of the store. Without it: the AWS SDK's chain (variables, profiles, web identity, instance roles).",
  }),
  s3SecretAccessKey: optionalSetting({
    group: 'S3',
    kind: s3Credential,
    secret: true,
    help: 'The secret of s3-access-key-id.',
  }),
  s3Ca: optionalSetting({
    group: 'S3',
    kind: path,
    help: 'PEM file with the certificates that sign that of the store.',
  }),
  s3RequestTimeout: setting({
    group: 'S3',
    default: '30s',
    kind: timer,
    help: 'How long the store may be silent within a request, and how long a failed one is tried again.',
  }),
  blobDelivery: setting({
    group: 'S3',
    default: 'redirect',
    kind: choice('redirect', 'proxy'),
    help: 'How layers in the store reach clients: by a redirect to a presigned URL, or through this server (for clients that cannot reach the store or follow redirects).',
  }),
  redirectExpiry: setting({
    group: 'S3',
    default: '15m',
    kind: duration({ min: 1000, max: 7 * 86_400_000 }),
    help: 'How long a presigned URL works.',
  }),

  headersTimeout: setting({
    group: 'Limits',
    default: '30s',
    kind: timer,
    help: 'How long a client may take to send the head of a request.',
  }),
  idleTimeout: setting({
    group: 'Limits',
    default: '75s',
    kind: timer,
    help: 'How long a connection may stay open between requests.',
  }),
  stallTimeout: setting({
    group: 'Limits',
    default: '60s',
    kind: timer,
    help: 'How long a client may send (or take) less than min-rate within a request before it is cut off. There is no limit on the whole.',
  }),
  minRate: setting({
    group: 'Limits',
    default: '256B',
    kind: size(),
    help: 'Bytes a second that a client must send or take, as an average over stall-timeout; 0 asks for one byte only.',
  }),
  maxHeaderSize: setting({
    group: 'Limits',
    default: '32KiB',
    kind: size({ min: 4096, max: 2 ** 20 }),
    help: 'Largest head of a request.',
  }),
  maxHeaders: setting({
    group: 'Limits',
    default: '128',
    kind: integer({ min: 16, max: 10_000 }),
    help: 'Most header fields in a request.',
  }),
  maxConnections: setting({
    group: 'Limits',
    default: '10000',
    kind: integer({ min: 1, max: 1_000_000 }),
    help: 'Most connections at once; further ones are closed unanswered.',
  }),

  collectInterval: setting({
    group: 'Background work',
    default: '10m',
    kind: schedule,
    help: 'How often unreferenced layers and abandoned uploads are removed, or a cron pattern in UTC ("30 2 * * *"); 0 never. Once per cluster.',
  }),
  collectRate: setting({
    group: 'Background work',
    default: '10000',
    kind: integer({ min: 0, max: 1_000_000 }),
    help: 'Most images, layers and objects that garbage collection removes in a second; 0 no limit. Whatever it says, half of the time is left to requests.',
  }),
  sweepInterval: setting({
    group: 'Background work',
    default: '24h',
    kind: schedule,
    help: 'How often stored objects that no row knows (left by a crash) are removed, or a cron pattern in UTC; 0 never.',
  }),
  scrubRate: setting({
    group: 'Background work',
    default: '4MiB',
    kind: size(),
    help: 'Bytes a second at which stored layers are read again and compared with their digests, by one node of the cluster; 0 never.',
  }),
  jobsAtOnce: setting({
    group: 'Background work',
    default: '4',
    kind: integer({ min: 0, max: 100 }),
    help: 'Jobs that a process works on at the same time; 0 leaves them to other processes.',
  }),

  logLevel: setting({
    group: 'Logs',
    default: 'info',
    kind: choice('debug', 'info', 'warn', 'error', 'silent'),
    help: 'Least severe lines that are logged.',
  }),
  logFormat: setting({
    group: 'Logs',
    default: 'auto',
    kind: choice('auto', 'json', 'text'),
    help: 'json, text, or auto: text on a terminal, else json.',
  }),
} as const;

export type SettingKey = keyof typeof settingsTable;

/** `tlsCert` to `tls-cert`. */
export function settingName(key: SettingKey): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `tlsCert` to `LONGSHORE_TLS_CERT`. */
export function variableName(key: SettingKey): string {
  return `LONGSHORE_${settingName(key).replaceAll('-', '_').toUpperCase()}`;
}

export const settingKeys = Object.keys(settingsTable) as readonly SettingKey[];

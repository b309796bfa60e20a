/** A PostgreSQL database as somebody who runs it should know it: can it be used, may it lose what it acknowledged, does it suffice for all nodes. */
import type pg from 'pg';
import { good, type HealthFinding, problem, warning } from '../../../ports/health-finding.ts';
import { migrations } from '../migrations/migrations.ts';
import { checkServer, connectFailure } from '../postgres/check-server.ts';
import { connectionConfig } from '../postgres/connection-config.ts';
import { HeardClient } from '../postgres/heard-client.ts';

const ABOUT = 'database';
const CLOCK = 'clock';

export interface PostgresUse {
  readonly url: string;
  readonly ca?: string | undefined;
  /** Connections of a process to it, besides one that hears of changes. */
  readonly poolSize: number;
  /** Processes of a node. */
  readonly workers: number;
}

/** Changes nothing. */
export async function checkPostgresHealth(use: PostgresUse): Promise<HealthFinding[]> {
  let client: pg.Client;
  try {
    client = await connect(use);
  } catch (error) {
    // Its message says what to do, and holds no password.
    return [problem(ABOUT, 'PostgreSQL cannot be used', (error as Error).message)];
  }
  try {
    await checkServer(client);
    return [
      await checkVersion(client),
      ...(await checkSettings(client)),
      await checkSchema(client),
      await checkConnections(client, use),
      await checkEncryption(client, use.url),
      await checkClock(client),
    ];
  } catch (error) {
    return [problem(ABOUT, 'PostgreSQL cannot be used', (error as Error).message)];
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** What all processes of the installation agreed on under this name; undefined before that. Rejects with an error that says what to do. */
export async function installationValueOfPostgres(
  place: Pick<PostgresUse, 'url' | 'ca'>,
  name: string,
): Promise<string | undefined> {
  const client = await connect(place);
  try {
    const { rows } = await client.query("select to_regclass('installation') is not null as made");
    if (rows[0].made !== true) return undefined;
    const { rows: found } = await client.query('select value from installation where name = $1', [name]);
    return found[0]?.value;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connect({ url, ca }: Pick<PostgresUse, 'url' | 'ca'>): Promise<pg.Client> {
  const client = new HeardClient(connectionConfig({ url, ca, statementTimeoutMs: 10_000 }));
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw connectFailure(error, url);
  }
}

async function checkVersion(client: pg.Client): Promise<HealthFinding> {
  const before = performance.now();
  const { rows } = await client.query(
    `select current_setting('server_version') as version, current_database() as name`,
  );
  const ms = performance.now() - before;
  const detail = `PostgreSQL ${rows[0].version}, database ${rows[0].name}, answers in ${ms.toFixed(1)} ms`;
  return ms < 20
    ? good(ABOUT, detail)
    : warning(ABOUT, detail, 'Every push asks it several times: run it in the same data centre as the nodes.');
}

/** What breaks a promise that was made with an acknowledgement. */
async function checkSettings(client: pg.Client): Promise<HealthFinding[]> {
  const setting = async (name: string) =>
    String((await client.query('select current_setting($1) as value', [name])).rows[0].value);
  const findings: HealthFinding[] = [];
  for (const name of ['fsync', 'full_page_writes']) {
    if ((await setting(name)) === 'off')
      findings.push(
        problem(
          ABOUT,
          `${name} is off: a power cut may destroy the database`,
          `ALTER SYSTEM SET ${name} = on, then reload.`,
        ),
      );
  }
  const commit = await setting('synchronous_commit');
  if (commit === 'off')
    findings.push(
      problem(
        ABOUT,
        'synchronous_commit is off: acknowledged pushes are lost in a crash',
        'ALTER SYSTEM SET synchronous_commit = on, then reload; or for this database only: ALTER DATABASE … SET.',
      ),
    );
  if ((await setting('default_transaction_read_only')) === 'on')
    findings.push(
      problem(
        ABOUT,
        'transactions are read-only by default',
        'ALTER DATABASE … SET default_transaction_read_only = off.',
      ),
    );
  return findings.length === 0 ? [good(ABOUT, 'its settings keep what it acknowledges')] : findings;
}

async function checkSchema(client: pg.Client): Promise<HealthFinding> {
  const newest = migrations.at(-1)?.version ?? 0;
  const { rows } = await client.query(
    `select to_regclass('migrations') is not null as made, has_schema_privilege(current_schema(), 'create') as may_create`,
  );
  if (rows[0].made !== true) {
    return rows[0].may_create === true
      ? good(ABOUT, 'empty; the first start makes the tables')
      : problem(
          ABOUT,
          'empty, and this user may not make tables',
          'GRANT CREATE ON SCHEMA public TO the user, or make the user the owner of the database.',
        );
  }
  const { rows: found } = await client.query(
    'select version, oldest_program from migrations order by version desc limit 1',
  );
  return schemaFinding(found[0]?.version ?? 0, found[0]?.oldest_program ?? 0, newest);
}

/** Also for SQLite. */
export function schemaFinding(version: number, oldestProgram: number, newest: number): HealthFinding {
  if (version === newest) return good(ABOUT, `schema version ${version}, as this program`);
  if (version < newest) return good(ABOUT, `schema version ${version}; the next start brings it to ${newest}`);
  return oldestProgram <= newest
    ? warning(
        ABOUT,
        `schema version ${version} of a newer Longshore; this one (${newest}) still works on it`,
        'Finish the upgrade of all nodes.',
      )
    : problem(
        ABOUT,
        `schema version ${version}; this program knows only up to ${newest}`,
        'Start the newer Longshore, or restore a backup from before the upgrade.',
      );
}

async function checkConnections(client: pg.Client, { poolSize, workers }: PostgresUse): Promise<HealthFinding> {
  const { rows } = await client.query(
    `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as allowed,
      (select count(*)::int from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
        and application_name is distinct from 'longshore') as others,
      to_regclass('nodes') is not null as made`,
  );
  const { allowed, others, made } = rows[0];
  const serving: number = made
    ? (await client.query('select count(*)::int as count from nodes where lease_until > clock_timestamp()')).rows[0]
        .count
    : 0;
  // Not counted while it is not started: this node.
  const processes = Math.max(serving, workers);
  const wanted = processes * (poolSize + 1);
  const detail = `${allowed} connections are allowed, ${others} are used by others, ${processes} processes of Longshore may want ${wanted}`;
  if (wanted + others <= allowed) return good(ABOUT, detail);
  return warning(
    ABOUT,
    detail,
    `Raise max_connections to ${wanted + others + 10} or more, or lower --database-pool-size to ${Math.max(1, Math.floor((allowed - others) / processes) - 1)}.`,
  );
}

async function checkEncryption(client: pg.Client, url: string): Promise<HealthFinding> {
  const { rows } = await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()');
  if (rows[0]?.ssl === true) return good(ABOUT, 'the connection is encrypted');
  const { hostname } = new URL(url);
  return /^(?:localhost|127\.|\[?::1|%2[fF]|$)/.test(hostname)
    ? good(ABOUT, 'the connection stays on this machine')
    : warning(
        ABOUT,
        `the connection to ${hostname} is not encrypted`,
        'Say ?sslmode=verify-full in the URL and name the authority with --database-ca.',
      );
}

async function checkClock(client: pg.Client): Promise<HealthFinding> {
  const before = Date.now();
  const { rows } = await client.query('select extract(epoch from clock_timestamp()) * 1000 as now');
  const after = Date.now();
  return clockFinding(Number(rows[0].now) - (before + after) / 2, 'the database');
}

/** `offsetMs`: how much the other clock is ahead of ours. */
export function clockFinding(offsetMs: number, whose: string): HealthFinding {
  const seconds = Math.abs(offsetMs) / 1000;
  const detail = `this machine is ${seconds.toFixed(1)} s ${offsetMs > 0 ? 'behind' : 'ahead of'} ${whose}`;
  const advice = 'Let a time service (chrony, systemd-timesyncd) set the clock of every machine.';
  // Signed requests are refused from 5 minutes on.
  if (seconds > 120) return problem(CLOCK, detail, advice);
  return seconds > 2 ? warning(CLOCK, detail, advice) : good(CLOCK, detail);
}

/**
 * Runs a command with a PostgreSQL and an S3-compatible store of its own, and ends both: `node scripts/with-test-stores.ts [--offer] -- COMMAND…`.
 *
 * The command finds them in TEST_POSTGRES and TEST_S3_…; TEST_STORES=postgres+s3 tells the suites to use them
 * (tests/support/test-stores.ts); with --offer suites keep to SQLite and files, and
 * only the tests of adapters find the servers. Servers that these variables name already are used and left running. Exits as the command does;
 * with 1 and a reason when a program is missing.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { argv, env, exit } from 'node:process';
import { postgresMissing, startPostgresServer } from '../tests/support/postgres-server.ts';
import { useS3Server, variablesOf, whyNoS3 } from '../tests/support/s3-server.ts';

const given = argv.slice(2);
const offer = given[0] === '--offer';
if (offer) given.shift();
if (given[0] === '--') given.shift();
const [program, ...args] = given;
if (program === undefined) {
  console.error('usage: node scripts/with-test-stores.ts [--offer] -- COMMAND…');
  exit(2);
}
for (const reason of [postgresMissing(), whyNoS3()]) {
  if (reason === undefined) continue;
  console.error(`The stores cannot be started: ${reason}. scripts/install-clients.sh installs them.`);
  exit(1);
}

// The signal is meant for the command; we end when it has.
let running: ReturnType<typeof spawn> | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => running?.kill(signal));

const postgres = await startPostgres();
try {
  const s3 = await useS3Server();
  try {
    running = spawn(program, args, {
      stdio: 'inherit',
      env: {
        ...env,
        TEST_STORES: offer ? '' : 'postgres+s3',
        TEST_POSTGRES: postgres.adminUrl,
        ...variablesOf(s3),
      },
    });
    const [code, signal] = (await once(running, 'exit')) as [number | null, NodeJS.Signals | null];
    process.exitCode = code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
  } finally {
    await s3.stop();
  }
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await postgres.stop();
}

/** Suites kill servers, not machines: without syncs they take half the time and prove the same. */
async function startPostgres(): Promise<{ readonly adminUrl: string; stop(): Promise<void> }> {
  const named = env.TEST_POSTGRES;
  if (named) return { adminUrl: named, stop: async () => undefined };
  return startPostgresServer({ fsync: false, settings: { max_connections: '400' } });
}

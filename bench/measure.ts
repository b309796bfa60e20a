/** Runs rows on one server and says what they cost it. */
import type { LoadResult, Plan } from './load/plan.ts';
import { runLoad } from './load/run-load.ts';
import { readUsage } from './process-usage.ts';
import { ALL_REPOSITORIES, type Measurement, type Row, type RowContext, type Sizes } from './rows/row.ts';
import type { RunningTarget, Target } from './target.ts';

export interface MeasureOptions {
  readonly target: Target;
  /** Made anew by the caller for every target. */
  readonly data: string;
  readonly rows: readonly Row[];
  readonly sizes: Sizes;
  readonly log: (text: string) => void;
  readonly onMeasurement: (measurement: Measurement) => void;
}

/** A row that throws is reported and the next one is tried; the server is always stopped. */
export async function measureTarget({ target, data, rows, sizes, log, onMeasurement }: MeasureOptions): Promise<void> {
  let server: RunningTarget = await target.start(data);
  let authorization = await prepareServer(target, server);
  const context: RowContext = {
    target,
    data,
    sizes,
    log,
    server: () => server,
    authorization: () => authorization,
    async restart() {
      await server.stop();
      server = await target.start(data);
      authorization = await prepareServer(target, server);
      return server;
    },
    measure: (row, unit, plan, per) => measureLoad(server, row, unit, plan, per),
    async prepare(plan) {
      const result = await runLoad(onAllNodes(server, plan));
      if (result.failed > 0)
        throw new Error(`${result.failed} requests failed while preparing: ${result.firstFailure}`);
      return result;
    },
  };
  try {
    for (const row of rows.filter((each) => each.for.some((ability) => target.abilities.has(ability)))) {
      try {
        for await (const measurement of row.run(context)) onMeasurement(measurement);
      } catch (error) {
        log(`${row.name} failed: ${(error as Error).message.slice(0, 400)}`);
      }
    }
  } finally {
    await server.stop();
  }
}

async function prepareServer(target: Target, server: RunningTarget): Promise<string | undefined> {
  if (!target.abilities.has('registry')) return undefined;
  for (const name of ALL_REPOSITORIES) await server.createRepository(name);
  return server.authorization(ALL_REPOSITORIES);
}

async function measureLoad(
  server: RunningTarget,
  row: string,
  unit: string,
  plan: Plan,
  per: 'thousand' | 'gigabyte',
): Promise<Measurement> {
  const pids = server.nodes?.map(({ pid }) => pid) ?? [server.pid];
  const stores = server.stores ?? [];
  const before = readUsage(...pids);
  const storesBefore = stores.map(({ pid }) => readUsage(pid).cpuSeconds);
  const result: LoadResult = await runLoad(onAllNodes(server, plan));
  const after = readUsage(...pids);
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const units = per === 'thousand' ? result.done / 1_000 : result.bytes / 1e9;
  return {
    row,
    unit,
    value: (per === 'gigabyte' ? result.bytes / 1e6 : result.done) / result.seconds,
    cpu: cpuSeconds / units,
    p99Ms: result.p99Ms,
    peakMiB: after.peakMiB,
    failed: result.failed,
    ...(result.firstFailure !== undefined
      ? { note: result.firstFailure.split('\r\n')[0]! }
      : stores.length > 0 && {
          note: stores
            .map(({ name, pid }, at) => {
              const spent = (readUsage(pid).cpuSeconds - storesBefore[at]!) / units;
              return `${name} ${spent.toPrecision(2)} s`;
            })
            .join(', '),
        }),
  };
}

function onAllNodes<P extends Plan>(server: RunningTarget, plan: P): P {
  return server.nodes === undefined ? plan : { ...plan, ports: server.nodes.map(({ port }) => port) };
}

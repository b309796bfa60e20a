/** A repeated request by wrk (https://github.com/wg/wrk), told through a Lua script and read from its summary. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type LoadResult, portOf, type RepeatPlan } from './plan.ts';

const run = promisify(execFile);

/** Several nodes get a wrk each. */
export async function runWrk(plan: RepeatPlan): Promise<LoadResult> {
  const nodes = plan.ports?.length ?? 1;
  const connections = Math.ceil(plan.connections / nodes);
  const results = await Promise.all(
    Array.from({ length: nodes }, (_, at) => runOne({ ...plan, connections }, portOf(plan, at))),
  );
  const sum = (of: (result: LoadResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const most = (of: (result: LoadResult) => number) => Math.max(...results.map(of));
  return {
    done: sum((result) => result.done),
    bytes: sum((result) => result.bytes),
    seconds: most((result) => result.seconds),
    failed: sum((result) => result.failed),
    firstFailure: results.find((result) => result.firstFailure !== undefined)?.firstFailure,
    medianMs: most((result) => result.medianMs),
    p99Ms: most((result) => result.p99Ms),
  };
}

async function runOne(plan: RepeatPlan, port: number): Promise<LoadResult> {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-wrk-'));
  try {
    const script = join(directory, 'request.lua');
    await writeFile(script, luaScript(plan));
    const url = `http://127.0.0.1:${port}${plan.request.path}`;
    const args = ['-t1', `-c${plan.connections}`, `-d${plan.seconds}s`, '--latency', '-s', script, url];
    const { stdout } = await run('wrk', args);
    return readSummary(stdout);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function luaScript({ request, authorization }: RepeatPlan): string {
  // wrk adds `Host` by itself, unless it is there in this very spelling.
  const headers: Record<string, string> = { ...request.headers };
  if (authorization !== undefined) headers.authorization = authorization;
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`);
  return [
    `wrk.method = ${quote(request.method)}`,
    ...lines,
    ...(request.body === undefined ? [] : [`wrk.body = ${quote(request.body)}`]),
    // In machine-readable form, microseconds; after the human summary.
    'done = function(summary, latency, requests)',
    '  local e = summary.errors',
    '  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.bytes, summary.duration,',
    '    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))',
    'end',
  ].join('\n');
}

/** JSON strings of printable ASCII are Lua strings too. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function readSummary(stdout: string): LoadResult {
  const figures = /^RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$/m.exec(stdout);
  if (figures === null) throw new Error(`wrk said:\n${stdout}`);
  const [requests, bytes, microseconds, failed, median, p99] = figures.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    done: requests - failed,
    bytes,
    seconds: microseconds / 1e6,
    failed,
    firstFailure: failed > 0 ? 'see the summary of wrk' : undefined,
    medianMs: median / 1000,
    p99Ms: p99 / 1000,
  };
}

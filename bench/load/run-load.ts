/** Runs a plan: by wrk where it is on PATH and can (it costs a fraction of what Node costs), else by our own load process. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { findOnPath } from '../find-on-path.ts';
import type { LoadResult, Plan } from './plan.ts';
import { runWrk } from './run-wrk.ts';

const LOAD_PROCESS = fileURLToPath(new URL('./load-process.ts', import.meta.url));

/** Rejects when the load itself fails; answers of the server that are not as planned are counted in the result. */
export async function runLoad(plan: Plan): Promise<LoadResult> {
  // wrk waits for the body that the answer to a HEAD announces and never sends.
  if (plan.kind === 'repeat' && plan.request.method !== 'HEAD' && findOnPath('wrk') !== undefined) return runWrk(plan);
  const child = spawn(process.execPath, [LOAD_PROCESS], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(plan));
  const output = await text(child.stdout);
  if (output === '') throw new Error(`The load process failed at a plan of kind ${plan.kind}.`);
  return JSON.parse(output);
}

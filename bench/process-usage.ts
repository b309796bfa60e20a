/** What a process and its children have used, from /proc (Linux): threads are included there. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time since the processes began. */
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  /** The most that was ever resident, of each process, summed. */
  readonly peakMiB: number;
}

/** Linux has counted in hundredths of a second towards programs on every machine for decades. */
const TICKS_PER_SECOND = 100;

/** The sum over the processes and their children. */
export function readUsage(...pids: readonly number[]): Usage {
  let ticks = 0;
  let resident = 0;
  let peak = 0;
  for (const member of processTrees(pids)) {
    const fields = readStat(member);
    if (fields === undefined) continue;
    // utime, stime; and of children that have ended: cutime, cstime.
    ticks += fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    const status = readFile(`/proc/${member}/status`);
    resident += kibibytes(status, 'VmRSS');
    peak += kibibytes(status, 'VmHWM');
  }
  return { cpuSeconds: ticks / TICKS_PER_SECOND, residentMiB: resident / 1024, peakMiB: peak / 1024 };
}

function processTrees(roots: readonly number[]): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const fields = readStat(pid);
    if (fields !== undefined) parents.set(pid, Number(fields[1]));
  }
  const tree = [...roots];
  for (const pid of tree)
    for (const [child, parent] of parents) if (parent === pid && !tree.includes(child)) tree.push(child);
  return tree;
}

/** The fields after the program's name, from the state on; undefined when the process is gone. */
function readStat(pid: number): string[] | undefined {
  const stat = readFile(`/proc/${pid}/stat`);
  return stat === '' ? undefined : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function kibibytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}

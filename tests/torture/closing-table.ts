/** The figures of a trial, for people. */
import { type BreachKind, countBreaches, type Report } from './report.ts';

const KINDS: readonly BreachKind[] = [
  'lost',
  'revived',
  'half done',
  'dangling',
  'wrong bytes',
  'upload lost',
  'server error',
  'unexpected answer',
  'no answer',
  'verify failed',
  'left over',
];

export function progressLine(report: Report, rounds: number, elapsedMs: number): string {
  const perRound = elapsedMs / report.round;
  const left = Math.round((perRound * (rounds - report.round)) / 1000);
  const rate = Math.round(report.acknowledged / (elapsedMs / 1000));
  return `round ${report.round} of ${rounds}, ${report.acknowledged} acknowledged (${rate}/s), ${report.breaches.length} breaches, ${left} s left`;
}

/** Markdown, so that it can be put into a note as it is. */
export function closingTable(report: Report, crashes: string): string {
  const ready = [...report.readyMs].sort((a, b) => a - b);
  const rows: [string, string | number][] = [
    [crashes, report.readyMs.length],
    ['changes acknowledged', report.acknowledged],
    ['MB acknowledged', Math.round(report.bytesAcknowledged / 1e6)],
    ['reads compared', report.readsChecked],
    ['changes in flight at a crash', report.inFlight],
    ['of these had happened', report.inFlightDone],
    ['uploads resumed and completed', report.uploadsResumed],
    ['orphans left to the sweep', report.orphans],
    ...KINDS.map((kind): [string, number] => [kind, countBreaches(report, kind)]),
    ['start to ready, median ms', Math.round(ready[ready.length >> 1] ?? 0)],
    ['start to ready, worst ms', Math.round(ready.at(-1) ?? 0)],
  ];
  return ['| | |', '|---|---:|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

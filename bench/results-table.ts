/** The measurements as a Markdown table with ratios. */
import type { Measurement } from './rows/row.ts';

export interface Measured extends Measurement {
  readonly target: string;
}

const OURS = 'longshore';
/** Left out of "best peer": it does none of the work. */
const FLOOR = 'bare node';

export function resultsTable(measured: readonly Measured[]): string {
  const lines = [
    '| row | server | value | unit | longshore is × | CPU s | longshore uses × | p99 ms | peak MiB | failed | note |',
    '|---|---|---:|---|---:|---:|---:|---:|---:|---:|---|',
  ];
  const rows = [...new Set(measured.map(({ row }) => row))];
  for (const row of rows) {
    const all = medians(measured.filter((each) => each.row === row));
    const ours = all.find(({ target }) => target === OURS);
    for (const each of all) lines.push(line(each, ours));
  }
  return lines.join('\n');
}

/** One line for each row: Longshore against the best peer. */
export function summaryTable(measured: readonly Measured[]): string {
  const lines = [
    '| row | longshore | best peer | ratio | of bare node | CPU ratio to that peer |',
    '|---|---:|---|---:|---:|---:|',
  ];
  for (const row of [...new Set(measured.map((each) => each.row))]) {
    const all = medians(measured.filter((each) => each.row === row));
    const ours = all.find(({ target }) => target === OURS);
    if (ours === undefined) continue;
    const best = all
      .filter(({ target }) => !target.startsWith(OURS) && target !== FLOOR)
      .sort((a, b) => better(b, a))[0];
    const floor = all.find(({ target }) => target === FLOOR);
    lines.push(
      `| ${row} | ${figure(ours.value)} ${ours.unit} | ${best === undefined ? '–' : `${best.target}: ${figure(best.value)}`} | ${ratio(ours, best)} | ${ratio(ours, floor)} | ${best?.cpu === undefined || ours.cpu === undefined ? '–' : figure(ours.cpu / best.cpu)} |`,
    );
  }
  return lines.join('\n');
}

function better(a: Measurement, b: Measurement): number {
  return a.lowerIsBetter ? b.value - a.value : a.value - b.value;
}

function ratio(ours: Measurement, other: Measurement | undefined): string {
  return other === undefined ? '–' : figure(ours.value / other.value);
}

function line(each: Measured, ours: Measured | undefined): string {
  const other = ours !== undefined && each !== ours;
  const cells = [
    each.row,
    each.target,
    figure(each.value),
    each.unit,
    other ? figure(ours.value / each.value) : '',
    each.cpu === undefined ? '' : figure(each.cpu),
    other && each.cpu !== undefined && ours.cpu !== undefined ? figure(ours.cpu / each.cpu) : '',
    each.p99Ms === undefined ? '' : figure(each.p99Ms),
    each.peakMiB === undefined ? '' : figure(each.peakMiB),
    each.failed === undefined ? '' : String(each.failed),
    each.note ?? '',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** Of several rounds the one in the middle, by its value. */
function medians(measured: readonly Measured[]): Measured[] {
  return [...new Set(measured.map(({ target }) => target))].map((target) => {
    const rounds = measured.filter((each) => each.target === target).sort((a, b) => a.value - b.value);
    return rounds[rounds.length >> 1]!;
  });
}

/** Three digits that matter. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

/** What a trial found: counts for the closing table and every breach of a promise with what is needed to look into it. */

export type BreachKind =
  | 'lost'
  | 'revived'
  | 'half done'
  | 'dangling'
  | 'wrong bytes'
  | 'upload lost'
  | 'server error'
  | 'unexpected answer'
  | 'no answer'
  | 'verify failed'
  | 'left over';

export interface Breach {
  readonly kind: BreachKind;
  readonly round: number;
  readonly detail: string;
}

export interface Report {
  round: number;
  acknowledged: number;
  readsChecked: number;
  bytesAcknowledged: number;
  /** Operations that were under way at a crash, and how many of them turned out to have happened. */
  inFlight: number;
  inFlightDone: number;
  uploadsResumed: number;
  /** Objects left by a crash before their row, which the sweep takes later; see StoredObjects. */
  orphans: number;
  readonly readyMs: number[];
  readonly breaches: Breach[];
  /** The last operations with their answers, oldest first. */
  readonly journal: string[];
  breach(kind: BreachKind, detail: string): void;
  note(line: string): void;
}

const JOURNAL_LINES = 5_000;

export function createReport(): Report {
  const startedAt = performance.now();
  const report: Report = {
    round: 0,
    acknowledged: 0,
    readsChecked: 0,
    bytesAcknowledged: 0,
    inFlight: 0,
    inFlightDone: 0,
    uploadsResumed: 0,
    orphans: 0,
    readyMs: [],
    breaches: [],
    journal: [],
    breach(kind, detail) {
      report.breaches.push({ kind, round: report.round, detail });
      report.note(`BREACH ${kind}: ${detail}`);
    },
    note(line) {
      report.journal.push(`${((performance.now() - startedAt) / 1000).toFixed(3)} round ${report.round} ${line}`);
      if (report.journal.length > JOURNAL_LINES * 2) report.journal.splice(0, JOURNAL_LINES);
    },
  };
  return report;
}

export function countBreaches(report: Report, kind: BreachKind): number {
  return report.breaches.filter((breach) => breach.kind === kind).length;
}

/** Counts what a server in this process asks of its database, at the driver's own door: nothing of ours can hide a question from it. */
import { StatementSync } from 'node:sqlite';
import pg from 'pg';

export interface Counted {
  /** Queries, without what begins and ends transactions. */
  readonly queries: number;
  /** Whether they ran in a transaction of several statements. */
  readonly transaction: boolean;
}

export interface StatementCounter extends Disposable {
  /** What is asked while `request` runs: the least of several runs, so that background work does not count. */
  least(runs: number, request: (run: number) => Promise<unknown>): Promise<Counted>;
  /** The questions of the last run, for people. */
  last(): readonly string[];
}

const transactionWords = /^(begin|commit|rollback|savepoint|release)\b/i;
/** Leases and messages between nodes come by the clock, not by requests; a change is told to the others in the same round trip as its commit. */
const housekeeping = /\b(nodes|pg_notify)\b|^listen\b/i;

export function countStatements(): StatementCounter {
  let asked: string[] = [];
  const undo = [...watchPostgres((text) => asked.push(text)), ...watchSqlite((text) => asked.push(text))];
  return {
    async least(runs, request) {
      let least: Counted | undefined;
      for (let run = 0; run < runs; run += 1) {
        asked = [];
        await request(run);
        const transaction = asked.some((text) => transactionWords.test(text));
        const queries = asked.filter((text) => !transactionWords.test(text) && !housekeeping.test(text)).length;
        if (least === undefined || queries < least.queries) least = { queries, transaction };
      }
      if (least === undefined) throw new RangeError('nothing was run');
      return least;
    },
    last: () => asked,
    [Symbol.dispose]() {
      for (const restore of undo) restore();
    },
  };
}

function watchPostgres(asked: (text: string) => void): (() => void)[] {
  // biome-ignore lint/suspicious/noExplicitAny: the driver's method has a dozen signatures; we pass on what comes.
  const prototype = pg.Client.prototype as any;
  const query = prototype.query;
  prototype.query = function (this: unknown, ...args: unknown[]) {
    const [given] = args as [string | { text?: string; name?: string }];
    asked(typeof given === 'string' ? given : (given.name ?? given.text ?? ''));
    return query.apply(this, args);
  };
  return [
    () => {
      prototype.query = query;
    },
  ];
}

function watchSqlite(asked: (text: string) => void): (() => void)[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const prototype = StatementSync.prototype as any;
  return ['get', 'all', 'run'].map((name) => {
    const original = prototype[name];
    prototype[name] = function (this: StatementSync, ...args: unknown[]) {
      // Looks at a counter in shared memory, or says how long to wait: asks nothing of a table.
      if (!/^pragma /i.test(this.sourceSQL)) asked(this.sourceSQL);
      return original.apply(this, args);
    };
    return () => {
      prototype[name] = original;
    };
  });
}

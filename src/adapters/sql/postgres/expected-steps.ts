/**
 * Guesses from its first statement whether a unit that reads asks more than one: alone, a statement needs no transaction and costs one
 * round trip instead of two. A wrong guess costs a round trip.
 */
import type { Statement } from '../statement.ts';

export interface ExpectedSteps {
  isOne(first: Statement<never, unknown>): boolean;
  learn(first: Statement<never, unknown>, wasOne: boolean): void;
}

/** How often in a row a guess must have been wrong before it changes, at most. */
const memory = 4;

export function expectedSteps(): ExpectedSteps {
  /** Above 0: usually more than one. */
  const balance = new Map<Statement<never, unknown>, number>();
  return {
    isOne: (first) => (balance.get(first) ?? 0) <= 0,
    learn(first, wasOne) {
      const next = (balance.get(first) ?? 0) + (wasOne ? -1 : 1);
      balance.set(first, Math.max(-memory, Math.min(memory, next)));
    },
  };
}

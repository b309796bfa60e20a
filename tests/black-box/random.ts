/** A seeded source of choices, so that a trial that failed can be run again with the same plan. */
import { createHash } from 'node:crypto';

export interface Random {
  /** A number in [0, 1). */
  fraction(): number;
  /** A whole number from `first` to `last`, both included. */
  between(first: number, last: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the items; throws RangeError when there is none. */
  pick<T>(items: readonly T[]): T;
  /** One of the items, each as often as its whole weight says; throws RangeError when there is none. */
  pickWeighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  /** A source of its own for a part of the trial: the same name gives the same choices, whatever was drawn here before. */
  fork(name: string | number): Random;
}

/** The same seed gives the same choices on every machine. */
export function createRandom(seed: string): Random {
  const words = createHash('sha256').update(seed).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => words.readUInt32LE(at)) as [number, number, number, number];
  // sfc32: small, fast, and passes the usual statistical test suites.
  const fraction = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  const between = (first: number, last: number): number => first + Math.floor(fraction() * (last - first + 1));
  return {
    fraction,
    between,
    chance: (probability) => fraction() < probability,
    pick: (items) => {
      if (items.length === 0) throw new RangeError('There is nothing to pick from.');
      return items[between(0, items.length - 1)]!;
    },
    pickWeighted: (items) => {
      let at = between(
        1,
        items.reduce((sum, [weight]) => sum + weight, 0),
      );
      for (const [weight, item] of items) {
        at -= weight;
        if (at <= 0) return item;
      }
      throw new RangeError('There is nothing to pick from.');
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

/**
 * Whether a recorded history of one register (a tag, an image, a repository) could have come from a register on which every operation happened
 * at one moment between its begin and its end. If not, some client was told something that was not true.
 *
 * The search follows time, after Wing and Gong with Lowe's memory of what was tried: it keeps every configuration (value, and which of the operations
 * under way have happened) that could be true now. When an operation ends, it must have happened in those that stay. No configuration
 * left: no order explains what clients saw. Observations change nothing, so they happen as soon as they fit and never branch.
 */

/** What the register holds; undefined is nothing. */
export type Value = string | undefined;

export type Step =
  /** Somebody saw exactly this. */
  | { readonly kind: 'saw'; readonly value: Value }
  /** Somebody saw that it is not this; not undefined: that there is something. */
  | { readonly kind: 'sawOther'; readonly value: Value }
  | { readonly kind: 'put'; readonly value: string }
  /** Put where there was nothing; else it would have been refused. */
  | { readonly kind: 'create'; readonly value: string }
  /** Takes away what was there; else it would have been refused. */
  | { readonly kind: 'remove' }
  /** Takes away what there is, if there is something. */
  | { readonly kind: 'clear' }
  /** Takes it away if it is this. */
  | { readonly kind: 'removeIf'; readonly value: string };

export interface Operation {
  /** For people. */
  readonly what: string;
  readonly begin: number;
  /** Infinity when no answer came: it may still happen at any time. */
  readonly end: number;
  readonly step: Step;
  /** It may have happened or not; one without an end always may. */
  readonly maybe?: boolean;
}

export type Verdict =
  | { readonly linearizable: true }
  | {
      readonly linearizable: false;
      /** The operation that no order explains, and what was under way beside it. */
      readonly culprit: Operation;
      readonly beside: readonly Operation[];
      /** What the register could have held when it began to be impossible. */
      readonly possible: readonly Value[];
    };

/** More than this many configurations at once, and the history is too tangled to be judged. */
const MOST_CONFIGURATIONS = 200_000;

interface Configuration {
  readonly value: Value;
  /** Numbers of operations under way that have happened, in order. */
  readonly happened: readonly number[];
}

/** Throws RangeError when too much happened at once to be judged. The register holds `initial` at first. */
export function checkLinearizable(operations: readonly Operation[], initial?: Value): Verdict {
  const open = new Set<number>();
  let configurations = new Map<string, Configuration>();
  keep(configurations, { value: initial, happened: [] });

  for (const { number, kind } of eventsOf(operations)) {
    if (kind === 'begin') {
      open.add(number);
      if (isObservation(operations[number]!)) configurations = observed(operations, open, configurations.values());
      continue;
    }
    const operation = operations[number]!;
    const after = new Map<string, Configuration>();
    for (const configuration of reachable(operations, open, configurations, number)) {
      const happened = configuration.happened.includes(number);
      if (!happened && operation.maybe !== true) continue;
      keep(after, { ...configuration, happened: configuration.happened.filter((each) => each !== number) });
    }
    if (after.size === 0) {
      return {
        linearizable: false,
        culprit: operation,
        beside: [...open].filter((each) => each !== number).map((each) => operations[each]!),
        possible: [...new Set([...configurations.values()].map(({ value }) => value))],
      };
    }
    open.delete(number);
    configurations = after;
  }
  return { linearizable: true };
}

/** In order of time; what ends when another begins was under way beside it. */
function eventsOf(operations: readonly Operation[]): { number: number; kind: 'begin' | 'end'; at: number }[] {
  return operations
    .flatMap(({ begin, end }, number) => [
      { number, kind: 'begin' as const, at: begin },
      ...(end === Number.POSITIVE_INFINITY ? [] : [{ number, kind: 'end' as const, at: end }]),
    ])
    .sort((a, b) => a.at - b.at || (a.kind === b.kind ? 0 : a.kind === 'begin' ? -1 : 1));
}

/** Every configuration that some of the changes under way can lead to; those in which `wanted` has happened are not followed further. */
function reachable(
  operations: readonly Operation[],
  open: ReadonlySet<number>,
  from: ReadonlyMap<string, Configuration>,
  wanted: number,
): Iterable<Configuration> {
  const found = new Map(from);
  const queue = [...from.values()];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (next.happened.includes(wanted)) continue;
    for (const number of open) {
      if (isObservation(operations[number]!) || next.happened.includes(number)) continue;
      const value = changed(next.value, operations[number]!.step);
      if (value === REFUSED) continue;
      const then = withObservations(operations, open, { value, happened: inOrder([...next.happened, number]) });
      if (keep(found, then)) queue.push(then);
    }
    if (found.size > MOST_CONFIGURATIONS) {
      throw new RangeError(`too much under way at once to be judged (${open.size} operations)`);
    }
  }
  return found.values();
}

function observed(
  operations: readonly Operation[],
  open: ReadonlySet<number>,
  configurations: Iterable<Configuration>,
): Map<string, Configuration> {
  const after = new Map<string, Configuration>();
  for (const configuration of configurations) keep(after, withObservations(operations, open, configuration));
  return after;
}

/** Observations under way that fit the value happen now: later could only be worse. */
function withObservations(
  operations: readonly Operation[],
  open: ReadonlySet<number>,
  { value, happened }: Configuration,
): Configuration {
  const now = [...open].filter((number) => !happened.includes(number) && fits(value, operations[number]!.step));
  return { value, happened: now.length === 0 ? happened : inOrder([...happened, ...now]) };
}

function isObservation({ step }: Operation): boolean {
  return step.kind === 'saw' || step.kind === 'sawOther';
}

/** False for a change. */
function fits(value: Value, step: Step): boolean {
  if (step.kind === 'saw') return value === step.value;
  return step.kind === 'sawOther' && value !== step.value;
}

const REFUSED = Symbol('refused');

function changed(value: Value, step: Step): Value | typeof REFUSED {
  switch (step.kind) {
    case 'put':
      return step.value;
    case 'create':
      return value === undefined ? step.value : REFUSED;
    case 'remove':
      return value === undefined ? REFUSED : undefined;
    case 'clear':
      return undefined;
    case 'removeIf':
      return value === step.value ? undefined : value;
    default:
      return REFUSED;
  }
}

/** Answers whether it was new. */
function keep(configurations: Map<string, Configuration>, configuration: Configuration): boolean {
  const key = `${configuration.value ?? ''}|${configuration.happened.join()}`;
  if (configurations.has(key)) return false;
  configurations.set(key, configuration);
  return true;
}

function inOrder(numbers: number[]): number[] {
  return numbers.sort((a, b) => a - b);
}

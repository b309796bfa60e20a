/** The judge of the race test: histories that must be accepted, and histories that must be refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkLinearizable, type Operation, type Step, type Value } from './linearizable.ts';

const forever = Number.POSITIVE_INFINITY;

const op = (begin: number, end: number, step: Step, maybe = false): Operation => ({
  what: `${step.kind} ${'value' in step ? step.value : ''}`,
  begin,
  end,
  step,
  ...(maybe ? { maybe } : {}),
});
const put = (begin: number, end: number, value: string) => op(begin, end, { kind: 'put', value });
const saw = (begin: number, end: number, value: Value) => op(begin, end, { kind: 'saw', value });
const sawOther = (begin: number, end: number, value: Value) => op(begin, end, { kind: 'sawOther', value });
const remove = (begin: number, end: number) => op(begin, end, { kind: 'remove' });
const clear = (begin: number, end: number) => op(begin, end, { kind: 'clear' });
const removeIf = (begin: number, end: number, value: string) => op(begin, end, { kind: 'removeIf', value });
const create = (begin: number, end: number, value: string) => op(begin, end, { kind: 'create', value });

const accepted: Readonly<Record<string, Operation[]>> = {
  'nothing at all': [],
  'nothing is seen before anything was put': [saw(0, 1, undefined)],
  'a value is seen after it was put': [put(0, 1, 'a'), saw(2, 3, 'a')],
  'beside a put, the old and the new may be seen': [put(0, 1, 'a'), put(2, 9, 'b'), saw(3, 4, 'a'), saw(5, 6, 'b')],
  'two puts at once end in either order': [put(0, 9, 'a'), put(0, 9, 'b'), saw(10, 11, 'a'), saw(12, 13, 'a')],
  'a put without answer may show late': [put(0, forever, 'a'), saw(5, 6, undefined), saw(7, 8, 'a')],
  'a put without answer may never show': [put(0, forever, 'a'), saw(5, 6, undefined), saw(90, 91, undefined)],
  'a removal without answer may show late': [put(0, 1, 'a'), remove(2, forever), saw(5, 6, 'a'), saw(7, 8, undefined)],
  'a removal of another value changes nothing': [put(0, 1, 'a'), removeIf(2, 3, 'b'), saw(4, 5, 'a')],
  'a removal takes what is put meanwhile': [put(0, 9, 'a'), removeIf(1, 10, 'a'), saw(11, 12, undefined)],
  'it may be taken away or not, once it is over the same for all': [
    put(0, 1, 'a'),
    op(2, 3, { kind: 'clear' }, true),
    saw(4, 5, 'a'),
    saw(6, 7, 'a'),
  ],
  'what is taken away can be created again': [create(0, 1, 'a'), remove(2, 3), create(4, 5, 'b'), saw(6, 7, 'b')],
  'one of two creations at once is refused': [create(0, 9, 'a'), sawOther(1, 8, undefined), saw(10, 11, 'a')],
  'something is there': [put(0, 1, 'a'), sawOther(2, 3, undefined), sawOther(2, 3, 'b')],
  'ends and begins at the same instant overlap': [put(0, 5, 'a'), saw(5, 6, undefined)],
};

const refused: Readonly<Record<string, Operation[]>> = {
  'a value that nobody put': [saw(0, 1, 'a')],
  'the old value after a put was acknowledged': [put(0, 1, 'a'), put(2, 3, 'b'), saw(4, 5, 'a')],
  'a put that is lost': [put(0, 1, 'a'), saw(2, 3, undefined)],
  'new, then old again': [put(0, 1, 'a'), put(2, 99, 'b'), saw(3, 4, 'b'), saw(5, 6, 'a')],
  'two readers that disagree about the order': [put(0, 9, 'a'), put(0, 9, 'b'), saw(10, 11, 'a'), saw(12, 13, 'b')],
  'what was removed is seen': [put(0, 1, 'a'), remove(2, 3), saw(4, 5, 'a')],
  'a removal where there was nothing': [remove(0, 1)],
  'removed twice': [put(0, 1, 'a'), remove(2, 9), remove(2, 9)],
  'created twice': [create(0, 9, 'a'), create(0, 9, 'b')],
  'a tag that survives the removal of its image': [put(0, 1, 'a'), removeIf(2, 3, 'a'), saw(4, 5, 'a')],
  'nothing, while it was always there': [put(0, 1, 'a'), put(2, 9, 'b'), saw(3, 8, undefined)],
  'absent after it was seen present': [put(0, 1, 'a'), sawOther(2, 3, undefined), saw(4, 5, undefined)],
  'a put without answer that comes and goes': [
    put(0, forever, 'a'),
    saw(1, 2, 'a'),
    saw(3, 4, undefined),
    saw(5, 6, undefined),
  ],
  'a doubtful clearing shows after it was over': [
    put(0, 1, 'a'),
    op(2, 3, { kind: 'clear' }, true),
    saw(4, 5, 'a'),
    saw(6, 7, undefined),
  ],
  'a list that misses it': [put(0, 1, 'a'), clear(10, 11), saw(4, 5, undefined)],
};

describe('histories', () => {
  for (const [words, history] of Object.entries(accepted)) {
    test(`accepted: ${words}`, () => assert.deepEqual(checkLinearizable(history), { linearizable: true }));
  }
  for (const [words, history] of Object.entries(refused)) {
    test(`refused: ${words}`, () => assert.equal(checkLinearizable(history).linearizable, false));
  }
  test('names the operation that cannot be explained', () => {
    const stale = saw(4, 5, 'a');
    const verdict = checkLinearizable([put(0, 1, 'a'), put(2, 3, 'b'), put(3.5, 9, 'c'), stale]);
    assert.ok(!verdict.linearizable);
    assert.equal(verdict.culprit, stale);
    assert.deepEqual(verdict.possible, ['b']);
    assert.deepEqual(
      verdict.beside.map(({ what }) => what),
      ['put c'],
    );
  });
});

const value = fc.constantFrom('a', 'b', 'c');
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('saw' as const), value: fc.option(value, { nil: undefined }) }),
  fc.record({ kind: fc.constant('sawOther' as const), value: fc.option(value, { nil: undefined }) }),
  fc.record({ kind: fc.constant('put' as const), value }),
  fc.record({ kind: fc.constant('create' as const), value }),
  fc.record({ kind: fc.constant('removeIf' as const), value }),
  fc.constant({ kind: 'remove' as const }),
  fc.constant({ kind: 'clear' as const }),
);
const anyOperation = fc
  .record({ begin: fc.nat(12), length: fc.nat(8), step: anyStep, maybe: fc.boolean(), unanswered: fc.nat(9) })
  .map(({ begin, length, step, maybe, unanswered }) =>
    op(begin, unanswered === 0 ? forever : begin + length, step, maybe),
  );

/** Tries every order, as slowly as it is obvious. */
function someOrderExplains(history: readonly Operation[], held: Value = undefined): boolean {
  if (history.every((each) => each.maybe === true || each.end === forever)) return true;
  return history.some((first, index) => {
    const rest = history.filter((_, other) => other !== index);
    // What ended before another began comes first; what may not have happened may be left out.
    if (first.maybe === true && someOrderExplains(rest, held)) return true;
    if (rest.some(({ end }) => end < first.begin)) return false;
    const now = apply(held, first.step);
    return now.ok && someOrderExplains(rest, now.value);
  });
}

function apply(held: Value, step: Step): { ok: boolean; value: Value } {
  if (step.kind === 'saw') return { ok: held === step.value, value: held };
  if (step.kind === 'sawOther') return { ok: held !== step.value, value: held };
  if (step.kind === 'put') return { ok: true, value: step.value };
  if (step.kind === 'create') return { ok: held === undefined, value: step.value };
  if (step.kind === 'remove') return { ok: held !== undefined, value: undefined };
  if (step.kind === 'clear') return { ok: true, value: undefined };
  return { ok: true, value: held === step.value ? undefined : held };
}

describe('against the obvious', () => {
  test('agrees with trying every order', () => {
    let [yes, no] = [0, 0];
    fc.assert(
      fc.property(fc.array(anyOperation, { maxLength: 6 }), (history) => {
        const expected = someOrderExplains(history);
        if (expected) yes += 1;
        else no += 1;
        assert.equal(checkLinearizable(history).linearizable, expected);
      }),
      { numRuns: 3_000 },
    );
    assert.ok(yes > 300 && no > 300, `the histories were too much alike: ${yes} and ${no}`);
  });

  test('accepts whatever a true register did, with hundreds of operations', () => {
    const move = fc.record({ step: anyStep, before: fc.nat(3), after: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(move, { minLength: 100, maxLength: 300 }), (moves) => {
        let held: Value;
        const history: Operation[] = [];
        moves.forEach(({ step, before, after }, at) => {
          // Each happens at its own moment; what it claims to have seen is what was there.
          const honest: Step = step.kind === 'saw' ? { kind: 'saw', value: held } : step;
          const { ok, value } = apply(held, honest);
          if (!ok) return;
          held = value;
          history.push(op(at - before, at + after, honest));
        });
        assert.equal(checkLinearizable(history).linearizable, true);
      }),
      { numRuns: 100 },
    );
  });
});

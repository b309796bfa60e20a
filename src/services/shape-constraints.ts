/** The constraints of a shape as a check, in the words AWS answers with (behaviour page, section 1.4). */
import { patternMatcher } from './model/patterns.ts';
import type { ShapeModel } from './model/service-model.ts';

export interface ConstraintCheck {
  /** What the value does not satisfy; empty when all is well. */
  (value: unknown): readonly string[];
  /** Everything the shape asks for, violated or not. */
  readonly all: readonly string[];
}

interface Constraint {
  readonly text: string;
  readonly holds: (value: never) => boolean;
}

const nothing: readonly string[] = [];

/** The check of a scalar, or of a list's or map's length; undefined when the shape has no constraint. */
export function constraintCheck(shapeName: string, shape: ShapeModel): ConstraintCheck | undefined {
  const constraints = [...boundsOf(shape), ...choiceOf(shape)];
  if (constraints.length === 0) return undefined;
  const check = shapeName === 'RepositoryName' ? repositoryNameCheck(constraints) : checkAll(constraints);
  return Object.assign(check, { all: constraints.map((c) => c.text) });
}

function checkAll(constraints: readonly Constraint[]): (value: unknown) => readonly string[] {
  return (value) => {
    for (const constraint of constraints) {
      if (!constraint.holds(value as never)) {
        return constraints.filter((c) => !c.holds(value as never)).map((c) => c.text);
      }
    }
    return nothing;
  };
}

/** ECR checks this one member itself: it stops at the first thing wrong, and words it in its own way. */
function repositoryNameCheck(constraints: readonly Constraint[]): (value: unknown) => readonly string[] {
  return (value) => {
    const violated = constraints.find((c) => !c.holds(value as never));
    if (violated === undefined) return nothing;
    return [
      violated.text
        .replace(/^Member must/, 'must')
        .replace(/^must satisfy regular expression pattern: (.*)$/s, "must satisfy regular expression '$1'"),
    ];
  };
}

function boundsOf(shape: ShapeModel): Constraint[] {
  const { min, max } = shape;
  const constraints: Constraint[] = [];
  const isNumber = shape.type === 'integer' || shape.type === 'long' || shape.type === 'double';
  const what = isNumber ? 'value' : 'length';
  if (max !== undefined) {
    const text = `Member must have ${what} less than or equal to ${max}`;
    constraints.push({ text, holds: isNumber ? (n: number) => n <= max : (v: Measured) => !isLongerThan(v, max) });
  }
  if (min !== undefined) {
    const text = `Member must have ${what} greater than or equal to ${min}`;
    constraints.push({ text, holds: isNumber ? (n: number) => n >= min : (v: Measured) => isLongerThan(v, min - 1) });
  }
  return constraints;
}

function choiceOf(shape: ShapeModel): Constraint[] {
  const constraints: Constraint[] = [];
  if (shape.pattern !== undefined) {
    const matcher = patternMatcher(shape.pattern);
    const longest = shape.max;
    constraints.push({
      text: `Member must satisfy regular expression pattern: ${shape.pattern}`,
      // What is too long already is no business of the pattern's: the engine would keep a place for every character.
      holds: (text: string) => (longest !== undefined && text.length > longest) || matcher.test(text),
    });
  }
  if (shape.enum !== undefined) {
    const values = new Set(shape.enum);
    const text = `Member must satisfy enum value set: [${shape.enum.join(', ')}]`;
    constraints.push({ text, holds: (value: string) => values.has(value) });
  }
  return constraints;
}

type Measured = string | Uint8Array | readonly unknown[];

/** The length of a string is counted in characters, of which a surrogate pair is one. */
function isLongerThan(value: Measured, length: number): boolean {
  if (value.length <= length) return false;
  if (typeof value !== 'string' || value.length > 2 * length) return true;
  let pairs = 0;
  for (const _ of value.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)) pairs += 1;
  return value.length - pairs > length;
}

/**
 * The recorded histories of a race, one for each tag, image and repository: what every answer says of each of them. An answer that never came, or a
 * 5xx, leaves open whether and when it happened.
 */
import { checkLinearizable, type Operation, type Step } from './linearizable.ts';
import { MANIFESTS, manifestsOfTag, TAGS } from './race-things.ts';

export const THERE = 'there';

/** When a request was sent, and when its answer was known; Infinity when none came. */
export interface Span {
  readonly what: string;
  readonly begin: number;
  readonly end: number;
}

export interface RaceHistory {
  readonly size: number;
  ofTag(repository: string, tag: string, span: Span, step: Step): void;
  ofImage(repository: string, digest: string, span: Span, step: Step, maybe?: true): void;
  ofRepository(repository: string, span: Span, step: Step): void;
  /** The image came with its tag, if it has one. */
  pushed(repository: string, digest: string, tag: string | undefined, span: Span): void;
  /** The tag is gone, and perhaps an image whose last one it was. */
  untagged(repository: string, tag: string, span: Span): void;
  /** The image is gone with its tags. */
  imageDeleted(repository: string, digest: string, span: Span): void;
  repositoryCreated(repository: string, span: Span): void;
  repositoryDeleted(repository: string, span: Span): void;
  /** There was no such repository, so nothing in it. */
  repositoryAbsent(repository: string, span: Span, about?: { readonly tag?: string; readonly digest?: string }): void;
  /** Whether the image may have been away at some moment of the span. */
  mayHaveBeenAway(repository: string, digest: string, span: Span): boolean;
  /** What no order of the operations explains, in words; empty when all is well. Throws RangeError when there was too much at once. */
  judge(): string[];
}

export function createRaceHistory(): RaceHistory {
  const registers = new Map<string, Operation[]>();
  let size = 0;

  const record = (register: string, span: Span, step: Step, maybe?: true): void => {
    const operations = registers.get(register) ?? [];
    registers.set(register, operations);
    operations.push({ ...span, step, ...(maybe === true ? { maybe } : {}) });
    size += 1;
  };
  const tag = (repository: string, name: string) => `tag ${repository} ${name}`;
  const image = (repository: string, digest: string) => `image ${repository} ${digest}`;
  const repositoryOf = (name: string) => `repository ${name}`;
  const everythingIn = (repository: string, span: Span, step: Step) => {
    for (const name of TAGS) record(tag(repository, name), span, step);
    for (const { digest } of MANIFESTS) record(image(repository, digest), span, step);
  };

  return {
    get size() {
      return size;
    },
    ofTag: (repository, name, span, step) => record(tag(repository, name), span, step),
    ofImage: (repository, digest, span, step, maybe) => record(image(repository, digest), span, step, maybe),
    ofRepository: (repository, span, step) => record(repositoryOf(repository), span, step),
    pushed(repository, digest, name, span) {
      record(image(repository, digest), span, { kind: 'put', value: THERE });
      if (name !== undefined) record(tag(repository, name), span, { kind: 'put', value: digest });
    },
    untagged(repository, name, span) {
      record(tag(repository, name), span, { kind: 'remove' });
      for (const { digest } of manifestsOfTag(name)) record(image(repository, digest), span, { kind: 'clear' }, true);
    },
    imageDeleted(repository, digest, span) {
      record(image(repository, digest), span, { kind: 'remove' });
      for (const name of TAGS) record(tag(repository, name), span, { kind: 'removeIf', value: digest });
    },
    repositoryCreated(repository, span) {
      record(repositoryOf(repository), span, { kind: 'create', value: THERE });
      everythingIn(repository, span, { kind: 'saw', value: undefined });
    },
    repositoryDeleted(repository, span) {
      record(repositoryOf(repository), span, { kind: 'remove' });
      everythingIn(repository, span, { kind: 'clear' });
    },
    repositoryAbsent(repository, span, about = {}) {
      const nothing = { kind: 'saw', value: undefined } as const;
      record(repositoryOf(repository), span, nothing);
      if (about.tag !== undefined) record(tag(repository, about.tag), span, nothing);
      if (about.digest !== undefined) record(image(repository, about.digest), span, nothing);
    },
    mayHaveBeenAway(repository, digest, span) {
      const operations = registers.get(image(repository, digest)) ?? [];
      return operations.some(
        ({ step, begin, end }) =>
          (step.kind === 'remove' || step.kind === 'clear') && begin <= span.end && end >= span.begin,
      );
    },
    judge() {
      const problems: string[] = [];
      for (const [register, operations] of registers) {
        const verdict = checkLinearizable(operations);
        if (verdict.linearizable) continue;
        const { culprit, beside, possible } = verdict;
        problems.push(
          `${register}: no order explains ${inWords(culprit)}; it could have held ${possible.map((value) => value ?? 'nothing').join(' or ')}; ` +
            `beside it: ${beside.map(inWords).join(', ') || 'nothing'}; before it: ${before(operations, culprit)}`,
        );
      }
      return problems;
    },
  };
}

/** The last few operations that were over, or changed something, before it. */
function before(operations: readonly Operation[], culprit: Operation): string {
  return operations
    .filter(({ end }) => end < culprit.begin)
    .sort((a, b) => a.end - b.end)
    .slice(-6)
    .map(inWords)
    .join(', ');
}

function inWords({ what, step, begin, end }: Operation): string {
  const value = 'value' in step ? ` ${step.value ?? 'nothing'}` : '';
  return `[${what} = ${step.kind}${value} at ${begin.toFixed(1)}…${end.toFixed(1)}]`;
}

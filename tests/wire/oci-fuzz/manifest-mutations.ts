/** Manifests that are nearly right: a good one, broken in one or more places by choice of the seed. */
import type { Random } from '../../black-box/random.ts';

const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 2, 1e308, 2 ** 53, '', 'text', [], {}, [[]], [null], { a: 1 }],
  ...['sha256:', `sha256:${'0'.repeat(64)}`, `sha256:${'F'.repeat(64)}`, `md5:${'0'.repeat(32)}`, '\u0000', '\ud800'],
  ...['application/vnd.oci.image.index.v1+json', 'application/x;version=0.2', 'x'.repeat(5000), '../../etc/passwd'],
];

const oddKeys = ['__proto__', 'constructor', 'toString', '', 'schemaVersion ', 'é', '\u0000', 'hasOwnProperty'];

type Json = Record<string, unknown>;

/** The bytes of a manifest made from `good`; most are to be refused, some are odd but fine. */
export function mutateManifest(random: Random, good: Json): Buffer {
  if (random.chance(0.15)) return Buffer.from(JSON.stringify(good));
  const document = structuredClone(good);
  for (let times = random.between(1, 3); times > 0; times--) mutateMember(random, document);
  // The last one, because what is repeated may not grow any more.
  if (random.chance(0.15)) repeatMember(random, document);
  const text = random.chance(0.2) ? nearlyJson(random, JSON.stringify(document)) : JSON.stringify(document);
  const bytes = Buffer.from(text);
  if (random.chance(0.1)) bytes[random.between(0, bytes.length - 1)] = random.between(0, 255);
  return bytes;
}

function mutateMember(random: Random, document: Json): void {
  const objects: Json[] = [];
  collectObjects(document, objects);
  const target = random.pick(objects);
  const keys = Object.keys(target);
  const key = random.chance(0.8) && keys.length > 0 ? random.pick(keys) : random.pick(oddKeys);
  switch (random.between(0, 4)) {
    case 0:
      delete target[key];
      return;
    case 1:
      target[key] = nested(random.pick([10, 65, 1000]));
      return;
    default:
      // Not by assignment: that would set a prototype.
      Object.defineProperty(target, key, {
        value: structuredClone(random.pick(oddValues)),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
}

function repeatMember(random: Random, document: Json): void {
  const objects: Json[] = [];
  collectObjects(document, objects);
  const target = random.pick(objects);
  const key = random.pick([...Object.keys(target), 'layers']);
  const length = (JSON.stringify(target[key]) ?? 'null').length;
  // A little beyond the limit of a manifest is enough.
  const count = Math.min(random.pick([2, 100, 1001, 20_000]), Math.ceil(6e6 / length));
  target[key] = Array.from({ length: count }, () => target[key]);
}

function collectObjects(value: unknown, into: Json[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) into.push(value as Json);
  for (const child of Object.values(value).slice(0, 20)) collectObjects(child, into);
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function nearlyJson(random: Random, text: string): string {
  const at = random.between(0, text.length);
  return random.pick([
    text.slice(0, at),
    `${text.slice(0, at)}${random.pick(['\u0000', '"', '{', ']', ',', '\\', '\\u12', '//', 'NaN', '\ufeff'])}${text.slice(at)}`,
    `\ufeff${text}`,
    `${text}${text}`,
    text.replace('{', '{"schemaVersion":2,'),
    text.replace('{', '{"layers":[],'),
    '['.repeat(100_000),
    '{"a":'.repeat(20_000),
    '',
    'null',
    '2',
  ]);
}

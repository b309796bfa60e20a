/**
 * Requests to the registry that are nearly right, out of the protocol's own grammar: paths, references, ranges, lengths, bodies and
 * credentials, each right most of the time, so that the wrong one gets past the others.
 */
import type { Random } from '../../black-box/random.ts';
import { frameBody } from './frame-body.ts';
import { mutateManifest } from './manifest-mutations.ts';
import { badTags, credentials, hosts, mediaTypes, oddHeaders, oddNames, oddTexts } from './odd-texts.ts';
import type { RawRequest } from './raw-exchange.ts';

/** What is there to be aimed at. */
export interface Target {
  readonly host: string;
  readonly authorization: string;
  readonly repository: string;
  readonly manifest: Record<string, unknown>;
  readonly manifestDigest: string;
  readonly layerDigest: string;
  /** Paths of uploads that were open at some time; grows as the run goes on. */
  readonly uploads: string[];
}

export interface FuzzRequest extends RawRequest {
  readonly method: string;
  /** The message is HTTP, so it is the registry that answers, and in its own shape. */
  readonly isHttp: boolean;
  /** No text of this tag may be accepted. */
  readonly badTag: boolean;
}

const digestsLike = (random: Random, good: string): string =>
  random.chance(0.6)
    ? good
    : random.pick([
        ...[
          `sha256:${'0'.repeat(64)}`,
          `sha512:${'0'.repeat(128)}`,
          'sha256:',
          'sha256:zz',
          `sha256:${'A'.repeat(64)}`,
        ],
        ...[
          `sha256:${'0'.repeat(63)}`,
          `SHA256:${'0'.repeat(64)}`,
          `md5:${'0'.repeat(32)}`,
          `sha256+b64:${'0'.repeat(43)}`,
        ],
        ...[good.replace(':', '%3A'), good.replace(':', '%3a'), `${good}/`, `${good}%00`, ...oddTexts],
      ]);

export function generateRequest(random: Random, target: Target): FuzzRequest {
  const aim = aimAt(random, target);
  const headers = new Map<string, string>([
    ['Host', random.chance(0.9) ? target.host : random.pick(hosts)],
    ['Connection', 'close'],
  ]);
  if (random.chance(0.93)) headers.set('Authorization', target.authorization);
  else if (random.chance(0.7)) headers.set('Authorization', random.pick(credentials(target.authorization)));
  for (const [name, values] of Object.entries(oddHeaders))
    if (random.chance(0.06)) headers.set(name, random.pick(values));
  for (const [name, value] of Object.entries(aim.headers ?? {})) headers.set(name, value);
  // One fifth may not be HTTP at all: the target holds what a target must not.
  const isHttp =
    /^[\x21\x22\x24-\x7e]+$/.test(aim.path) && [...headers.values()].every((value) => /^[\t\x20-\x7e]*$/.test(value));
  const framed = frameBody(random, headers, aim.body);
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = Buffer.from(`${aim.method} ${aim.path} HTTP/1.1\r\n${lines}${framed.lines}\r\n`, 'utf8');
  return {
    method: aim.method,
    bytes: Buffer.concat([head, framed.body]),
    cutShort: framed.cutShort,
    isHttp: isHttp && framed.isHttp,
    badTag: aim.badTag ?? false,
  };
}

interface Aim {
  readonly method: string;
  readonly path: string;
  readonly body?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly badTag?: boolean;
}

function aimAt(random: Random, target: Target): Aim {
  const name = random.chance(0.75) ? target.repository : random.pick([...oddNames, ...oddTexts]);
  const reads = random.pick(['GET', 'HEAD', 'GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'TRACE', 'PROPFIND']);
  switch (random.between(0, 8)) {
    case 0:
      return { method: reads, path: `/v2/${name}/manifests/${referenceLike(random, target)}` };
    case 1: {
      const badTag = random.chance(0.2);
      const reference = badTag ? random.pick(badTags) : referenceLike(random, target);
      const query = random.chance(0.2) ? `?tag=${random.pick(oddTexts)}&tag=t${random.between(0, 9)}` : '';
      const path = `/v2/${name}/manifests/${reference}${query}`;
      const body = mutateManifest(random, target.manifest);
      const headers = random.chance(0.9) ? { 'Content-Type': random.pick(mediaTypes) } : {};
      return { method: 'PUT', path, body, headers, badTag };
    }
    case 2:
      return {
        method: reads,
        path: `/v2/${name}/blobs/${digestsLike(random, target.layerDigest)}`,
        headers: ranges(random),
      };
    case 3: {
      const key = random.pick(['mount', 'digest', 'digest', 'from', 'digest-algorithm', 'x']);
      const value = digestsLike(random, target.layerDigest);
      const from = random.chance(0.5) ? `&from=${random.pick([target.repository, ...oddTexts])}` : '';
      const path = `/v2/${name}/blobs/uploads/${random.chance(0.5) ? `?${key}=${value}${from}` : ''}`;
      return { method: 'POST', path, ...(random.chance(0.5) && { body: bytesOf(random) }) };
    }
    case 4:
    case 5: {
      const upload =
        random.chance(0.8) && target.uploads.length > 0
          ? random.pick(target.uploads)
          : `/v2/${name}/blobs/uploads/${random.pick(oddTexts)}`;
      const method = random.pick(['PATCH', 'PATCH', 'PATCH', 'PUT', 'PUT', 'GET', 'DELETE', 'HEAD', 'POST']);
      const query = random.chance(0.7) ? `?digest=${digestsLike(random, target.layerDigest)}` : '';
      const body = bytesOf(random);
      const headers = random.chance(0.6) ? { 'Content-Range': chunkRange(random, body.length) } : {};
      return { method, path: `${upload}${method === 'PUT' ? query : ''}`, body, headers };
    }
    case 6:
      return { method: reads, path: `/v2/${name}/tags/list?${pageQuery(random)}` };
    case 7: {
      const filter = random.chance(0.5) ? `?artifactType=${random.pick(oddTexts)}&last=${random.pick(oddTexts)}` : '';
      return { method: reads, path: `/v2/${name}/referrers/${digestsLike(random, target.manifestDigest)}${filter}` };
    }
    default: {
      const path = random.pick([
        '/v2/',
        '/v2',
        '/v2/_catalog',
        `/v2/${random.pick(oddTexts)}`,
        '/v2//',
        '/v2/-/layers/x.y',
        '/v2/-/layers/',
      ]);
      return { method: reads, path: random.chance(0.3) ? `${path}?${pageQuery(random)}` : path };
    }
  }
}

function referenceLike(random: Random, target: Target): string {
  if (random.chance(0.4)) return `tag-${random.between(0, 20)}`;
  return random.chance(0.6) ? digestsLike(random, target.manifestDigest) : random.pick(oddTexts);
}

function ranges(random: Random): Record<string, string> {
  if (random.chance(0.5)) return {};
  const number = () => random.pick(['', '0', '1', '5', '100000', '99999999999999999999', '-1', 'x']);
  return {
    Range: random.pick([
      `bytes=${number()}-${number()}`,
      `bytes=${number()}-${number()},${number()}-`,
      'bytes',
      'x=0-1',
      '',
    ]),
  };
}

function chunkRange(random: Random, length: number): string {
  if (random.chance(0.5)) return `0-${Math.max(0, length - 1)}`;
  const number = () => random.pick(['', '0', '1', String(length), '-5', 'x', '18446744073709551616']);
  return `${number()}-${number()}`;
}

function pageQuery(random: Random): string {
  return `n=${random.pick(['1', '5', '0', '-1', '99999999999999999999', ...oddTexts])}&last=${random.pick(oddTexts)}`;
}

function bytesOf(random: Random): Buffer {
  return Buffer.alloc(random.pick([0, 1, 10, 1000, 70_000]), random.between(0, 255));
}

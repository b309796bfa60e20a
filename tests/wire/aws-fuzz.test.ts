/**
 * Bad input at the AWS edge, from a seed: whatever comes, the answer is a 200 or a 4xx in the protocol's shape, within bounds of
 * time, and the server lives. FUZZ_REQUESTS and FUZZ_SEED make a longer or another run.
 */
import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { ecrLedger } from '../../src/services/ecr/operations.ts';
import { ecrModel } from '../../src/services/model/ecr-model.ts';
import { callEcr } from '../support/call-ecr.ts';
import { signAws } from '../support/sign-aws.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const requests = Number(process.env.FUZZ_REQUESTS ?? 3000);
const seed = Number(process.env.FUZZ_SEED ?? 1);
const inFlight = 8;
/** No request of this test takes long; one that has no answer by then has none at all. */
const patienceMs = 60_000;

let server: TestServer;
const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
before(async () => {
  server = await startServer();
});
after(async () => {
  agent.destroy();
  await server.stop();
});

interface Dice {
  /** A whole number below `n`. */
  below(n: number): number;
  oneOf<T>(choices: readonly T[]): T;
  /** True once in `n`. */
  onceIn(n: number): boolean;
}

/** mulberry32: small, and the same everywhere. */
function dice(start: number): Dice {
  let state = start >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return { below, oneOf: (choices) => choices[below(choices.length)]!, onceIn: (n) => below(n) === 0 };
}

const operations = ecrLedger.map((entry) => entry.name);
const builtOperations = ecrLedger.filter((entry) => entry.operation !== undefined).map((entry) => entry.name);
const digest = `sha256:${'a'.repeat(64)}`;
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'x', digest, size: 2 },
  layers: [],
});
/** By member: texts that pass its checks, so that later ones are reached. */
const goodTexts: Readonly<Record<string, readonly string[]>> = {
  registryId: ['000000000000'],
  registryIds: ['000000000000', '123456789012'],
  repositoryName: ['app', 'app', 'app/sub', 'none'],
  repositoryNames: ['app', 'app/sub'],
  resourceArn: ['arn:aws:ecr:us-east-1:000000000000:repository/app'],
  imageDigest: [digest],
  layerDigest: [digest],
  layerDigests: [digest],
  imageTag: ['latest', 'v1'],
  imageManifest: [manifest],
  uploadId: ['123e4567-e89b-12d3-a456-426614174000'],
  filter: ['v*'],
};
const badTexts = [
  '',
  ' ',
  '\0',
  '../../etc/passwd',
  'a'.repeat(5000),
  '\u{1f433}',
  '\ud800',
  '%zz',
  '%u0041',
  "' OR 1=1 --",
  '__proto__',
  'null',
  'NaN',
  `${'a-'.repeat(2000)}!`,
  'arn:aws:ecr:::repository/',
  'sha256:',
  'SHA256:zz',
  '{"a":',
  '\u202e',
  '\r\nX: y',
  '[]',
  '{"schemaVersion":{}}',
  `${'['.repeat(3000)}${']'.repeat(3000)}`,
];
const badNumbers = [-1, 0, 1e300, -1e300, 1.5, 2 ** 31, 2 ** 53, 2 ** 63, -0, 1e-9, 1001];
const badValues: readonly unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  { __proto__: null },
  ...badNumbers,
  ...badTexts,
];

function madeOf(shapeName: string, member: string, d: Dice): unknown {
  const shape = ecrModel.shapes[shapeName]!;
  if (d.onceIn(20)) return d.oneOf(badValues);
  switch (shape.type) {
    case 'structure': {
      const members = Object.entries(shape.members ?? {}).filter(
        ([name]) => !d.onceIn(shape.required?.includes(name) ? 20 : name === 'nextToken' ? 1 : 2) || d.onceIn(20),
      );
      return Object.fromEntries(members.map(([name, type]) => [name, madeOf(type, name, d)]));
    }
    case 'list':
      return Array.from({ length: d.onceIn(30) ? 150 : d.below(3) }, () => madeOf(shape.member!, member, d));
    case 'map':
      return { [d.oneOf(badTexts)]: madeOf(shape.value!, member, d) };
    case 'boolean':
      return d.onceIn(2);
    case 'blob':
      return Buffer.alloc(d.below(300))
        .toString('base64')
        .slice(d.onceIn(5) ? 1 : 0);
    case 'string':
      return d.onceIn(12) ? d.oneOf(badTexts) : d.oneOf(goodTexts[member] ?? shape.enum ?? ['text']);
    default:
      return d.onceIn(8) ? d.oneOf(badNumbers) : d.below(50);
  }
}

/** JSON that is broken below the level of values, most of the time not at all. */
function damaged(json: string, d: Dice): Buffer {
  const bytes = Buffer.from(json);
  switch (d.below(24)) {
    case 0:
      return bytes.subarray(0, d.below(bytes.length + 1));
    case 1:
      bytes[d.below(bytes.length)] = d.below(256);
      return bytes;
    case 2:
      return Buffer.concat([bytes, Buffer.from([d.below(256)])]);
    case 3:
      return Buffer.from(json.replace('{', '{"__proto__":{"repositoryName":"x"},"constructor":null,'));
    case 4:
      return Buffer.from(json.replace(':', `:${'['.repeat(20_000)}`));
    case 5:
      return Buffer.from(json.replace('{', `{"x":${'{"x":'.repeat(5000)}1${'}'.repeat(5000)},`));
    case 6:
      return Buffer.from(`{"repositoryName":"one","repositoryName":"two",${json.slice(1)}`);
    case 7:
      return Buffer.from(json.replace(/\d+/, '1e999999'));
    case 8:
      return Buffer.from(json, 'utf16le');
    default:
      return bytes;
  }
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

function makeRequest(d: Dice): Sent {
  const operation = d.oneOf(d.onceIn(10) ? operations : builtOperations);
  const input = ecrModel.operations[operation]!.input!;
  const body = damaged(JSON.stringify(madeOf(input, '', d)) ?? '', d);
  const method = d.onceIn(40) ? d.oneOf(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) : 'POST';
  const path = d.onceIn(40) ? d.oneOf(['/?x=%zz', '/?a=b&Action=GetCallerIdentity', '/%00', '//', '/..;/']) : '/';
  const target = `AmazonEC2ContainerRegistry_V20150921.${d.onceIn(40) ? d.oneOf(['', '__proto__', 'x'.repeat(3000)]) : operation}`;
  const contentType = d.onceIn(30)
    ? d.oneOf(['application/json', 'text/plain', 'application/x-www-form-urlencoded', ';'])
    : 'application/x-amz-json-1.1';
  const service = d.onceIn(40) ? d.oneOf(['sts', 's3', '']) : 'ecr';
  const region = d.onceIn(40) ? d.oneOf(['xx', 'us-east-2', '../..']) : 'us-east-1';
  const signed = signAws(server, {
    method,
    path,
    host: server.host,
    service,
    region,
    body,
    headers: { 'content-type': contentType, 'x-amz-target': target },
  });
  if (d.onceIn(15)) {
    const name = d.oneOf(['authorization', 'x-amz-date', 'host', 'x-amz-target', 'content-type']);
    const value = signed[name] ?? '';
    const at = d.below(value.length + 1);
    signed[name] = d.oneOf([
      value.slice(0, at),
      `${value.slice(0, at)},=;/${value.slice(at)}`,
      value.repeat(2),
      '%00',
      '-',
    ]);
  }
  return { method, path, headers: signed, body };
}

function send({ method, path, headers, body }: Sent): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(server.origin);
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patienceMs);
    const request = httpRequest(
      { agent, hostname, port, method, path, headers: { ...headers, 'content-length': body.length }, signal },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** What is wrong with an answer, or nothing. */
function flawOf({ headers, method }: Sent, status: number, text: string): string | undefined {
  if (status >= 500) return 'a 5xx';
  if (status !== 200 && (status < 400 || status > 499)) return `status ${status}`;
  if (/node:internal|\.ts:\d|at \w+ \(|\/tmp\//.test(text)) return 'tells of the server';
  if (status === 200 || headers['x-amz-target'] === undefined || method === 'HEAD') return undefined;
  try {
    const { __type: code, message } = JSON.parse(text);
    return /^\w+$/.test(code) && (message === undefined || typeof message === 'string')
      ? undefined
      : 'no error document';
  } catch {
    return 'no JSON';
  }
}

test(`${requests} bad requests from seed ${seed} are answered as the caller's mistakes`, async () => {
  const d = dice(seed);
  await callEcr(server.origin, server, 'CreateRepository', { repositoryName: 'app' });
  const statuses = new Map<number, number>();
  let sent = 0;
  const worker = async () => {
    while (sent < requests) {
      sent += 1;
      const request = makeRequest(d);
      const { status, text } = await send(request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const flaw = flawOf(request, status, text);
      if (flaw !== undefined) {
        const { headers, body } = request;
        assert.fail(
          `${flaw}: ${status} ${text.slice(0, 500)}\nafter ${headers['x-amz-target']} ${body.toString('latin1').slice(0, 1000)}`,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  // Both kinds have to come up, or the fuzz has gone blunt.
  assert.ok((statuses.get(200) ?? 0) > requests / 50, `only ${statuses.get(200)} went through`);
  assert.ok((statuses.get(400) ?? 0) > requests / 4);
  assert.equal((await callEcr(server.origin, server, 'DescribeRegistry')).registryId, '000000000000');
});

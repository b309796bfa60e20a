// Long because the traps of AWS's signature are told one by one, each with the words of its refusal.
import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import aws4 from 'aws4';
import fc from 'fast-check';
import { rootCaller } from '../../services/caller.ts';
import type { Fault } from '../../services/fault.ts';
import { createSigV4, type SigV4Request } from './sigv4.ts';

const now = Date.UTC(2026, 10, 22, 12, 0, 0);
const accessKeyId = 'AKIAEXAMPLEEXAMPLE00';
const secretAccessKey = 'a-secret/of+forty=characters-000000000000';
const caller = rootCaller('000000000000', accessKeyId);

function reader(regions: '*' | readonly string[] = '*', keys = new Map([[accessKeyId, { caller, secretAccessKey }]])) {
  return createSigV4({ clock: { now: () => now }, regions, findAccessKey: (id) => keys.get(id) });
}

const readIdentity = reader();

interface Signable {
  method: string;
  path: string;
  query: string;
  headers: [name: string, value: string][];
  body: string;
  region?: string;
  service?: string;
  at?: number;
  secret?: string;
}

const plain: Signable = {
  method: 'POST',
  path: '/',
  query: '',
  headers: [
    ['Content-Type', 'application/x-amz-json-1.1'],
    ['X-Amz-Target', 'AmazonEC2ContainerRegistry_V20150921.DescribeRegistry'],
  ],
  body: '{}',
};

function withAws4(r: Signable): SigV4Request {
  const signed = aws4.sign(
    {
      method: r.method,
      host: 'localhost:4510',
      path: r.query ? `${r.path}?${r.query}` : r.path,
      service: r.service ?? 'ecr',
      region: r.region ?? 'us-east-1',
      body: r.body,
      headers: { 'X-Amz-Date': basic(r.at ?? now), ...Object.fromEntries(r.headers) },
    },
    { accessKeyId, secretAccessKey: r.secret ?? secretAccessKey },
  );
  return { ...r, rawHeaders: Object.entries(signed.headers!).flatMap(([name, value]) => [name, String(value)]) };
}

async function withSmithy(r: Signable): Promise<SigV4Request> {
  const signer = new SignatureV4({
    credentials: { accessKeyId, secretAccessKey: r.secret ?? secretAccessKey },
    region: r.region ?? 'us-east-1',
    service: r.service ?? 'ecr',
    sha256: NodeSha256,
  });
  const query: Record<string, string | string[]> = {};
  for (const [name, value] of new URLSearchParams(r.query)) {
    const earlier = Object.hasOwn(query, name) ? query[name] : undefined;
    query[name] = earlier === undefined ? value : [...[earlier].flat(), value];
  }
  const signed = await signer.sign(
    {
      method: r.method,
      protocol: 'http:',
      hostname: 'localhost',
      port: 4510,
      path: r.path,
      query,
      headers: { host: 'localhost:4510', ...Object.fromEntries(r.headers) },
      body: r.body,
    },
    { signingDate: new Date(r.at ?? now) },
  );
  return { ...r, rawHeaders: Object.entries(signed.headers).flat() };
}

class NodeSha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Uint8Array);
  }
  update(data: Uint8Array | string) {
    this.#hash.update(data);
  }
  async digest() {
    return new Uint8Array(this.#hash.digest());
  }
}

function basic(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

async function identify(request: SigV4Request, body: string, services = ['ecr']) {
  const identity = await readIdentity(request, services);
  identity.verify(Buffer.from(body));
  return identity;
}

async function faultOfRequest(request: SigV4Request, body = '{}', read = readIdentity): Promise<[string, string]> {
  try {
    (await read(request, ['ecr'])).verify(Buffer.from(body));
  } catch (error) {
    const { code, message } = error as Fault;
    return [code, message];
  }
  throw new Error('the request was believed');
}

/** The request with another Authorization header. */
function reauthorized(request: SigV4Request, change: (authorization: string) => string): SigV4Request {
  const rawHeaders = request.rawHeaders.map((text, i, all) =>
    i % 2 === 1 && all[i - 1]!.toLowerCase() === 'authorization' ? change(text) : text,
  );
  return { ...request, rawHeaders };
}

const word = fc.stringMatching(/^[A-Za-z0-9 ._~!*'()/:@=,-]{0,12}$/);
/** The signers keep parameters in plain objects, which lose this name. */
const parameterName = word.filter((w) => w !== '' && w !== '__proto__');
const headerName = fc.stringMatching(/^x-[a-z]{1,8}$/);
const headerValue = fc.stringMatching(/^[\x21-\x7e][\x20-\x7e]{0,20}$/);
const signable: fc.Arbitrary<Signable> = fc.record({
  method: fc.constantFrom('POST', 'GET', 'PUT'),
  path: fc.constantFrom('/', '/a', '/a/b/', '/a%20b', '/-/~x'),
  query: fc
    .uniqueArray(fc.tuple(parameterName, word), { maxLength: 5, selector: ([name]) => name })
    .map((pairs) => pairs.map(([n, v]) => `${encode(n)}=${encode(v)}`).join('&')),
  headers: fc.uniqueArray(fc.tuple(headerName, headerValue), { maxLength: 4, selector: ([name]) => name }),
  body: fc.string({ unit: 'binary', maxLength: 200 }),
  region: fc.constantFrom('us-east-1', 'us-gov-west-1', 'eusc-de-east-1'),
});

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

test('believes what aws4 has signed', async () => {
  await fc.assert(
    fc.asyncProperty(signable, async (r) => {
      const identity = await identify(withAws4(r), r.body);
      assert.deepEqual([identity.caller, identity.region, identity.service], [caller, r.region, 'ecr']);
    }),
  );
});

test('believes what the SDK has signed', async () => {
  await fc.assert(
    fc.asyncProperty(signable, async (r) => {
      assert.equal((await identify(await withSmithy(r), r.body)).caller, caller);
    }),
  );
});

test('does not believe a request of which any signed part was changed', async () => {
  const changes: [what: string, change: (r: SigV4Request) => SigV4Request][] = [
    ['method', (r) => ({ ...r, method: 'PUT' })],
    ['path', (r) => ({ ...r, path: '/x' })],
    ['query', (r) => ({ ...r, query: 'a=b' })],
    ['header', (r) => ({ ...r, rawHeaders: r.rawHeaders.map((t) => (t.endsWith('.DescribeRegistry') ? `${t}x` : t)) })],
    ['second header of a name', (r) => ({ ...r, rawHeaders: [...r.rawHeaders, 'x-amz-target', 'b'] })],
    ['signature', (r) => reauthorized(r, (a) => a.replace(/.$/, (c) => (c === '0' ? '1' : '0')))],
    ['signature in capitals', (r) => reauthorized(r, (a) => a.replace(/[0-9a-f]{64}$/, (s) => s.toUpperCase()))],
    ['short signature', (r) => reauthorized(r, (a) => a.slice(0, -2))],
    ['scope', (r) => reauthorized(r, (a) => a.replace('us-east-1', 'us-east-2'))],
  ];
  const request = withAws4(plain);
  await identify(request, plain.body);
  for (const [what, change] of changes) {
    assert.equal((await faultOfRequest(change(request)))[0], 'InvalidSignatureException', what);
  }
  assert.equal((await faultOfRequest(request, '{ }'))[0], 'InvalidSignatureException', 'body');
  const [, message] = await faultOfRequest(withAws4({ ...plain, secret: 'another' }));
  assert.match(message, /^The request signature we calculated does not match the signature you provided\. /);
});

test('ignores headers that are not signed, and joins and trims those that are', async () => {
  const signed = withAws4({ ...plain, headers: [...plain.headers, ['X-Thing', 'a  b,c']] });
  const split = signed.rawHeaders.flatMap((text, i, all) => {
    if (i % 2 === 0) return text === 'X-Thing' ? [] : [text];
    return all[i - 1] === 'X-Thing' ? ['x-thing', ' a   b', 'X-THING', 'c\t'] : [text];
  });
  await identify({ ...signed, rawHeaders: [...split, 'User-Agent', 'x', 'X-Forwarded-For', 'y'] }, plain.body);
});

test('judges the credential scope', async () => {
  const request = withAws4(plain);
  const scoped = (scope: string) =>
    faultOfRequest(reauthorized(request, (a) => a.replace(/Credential=[^,]+/, `Credential=${scope}`)));
  assert.deepEqual(await scoped(`${accessKeyId}/20261122/xx/ecr/aws4_request`), [
    'InvalidSignatureException',
    "Credential should be scoped to a valid region, not 'xx'. ",
  ]);
  assert.deepEqual(await scoped(`${accessKeyId}/20261122/us-east-1/s3/aws4_request`), [
    'InvalidSignatureException',
    "Credential should be scoped to correct service: 'ecr'. ",
  ]);
  assert.deepEqual(await scoped(`${accessKeyId}/20261121/us-east-1/ecr/aws4_request`), [
    'InvalidSignatureException',
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261121' != '20261122', from '20261122T120000Z'.",
  ]);
  const elsewhere = withAws4({ ...plain, region: 'eu-west-1' });
  assert.equal(
    (await faultOfRequest(elsewhere, '{}', reader(['us-east-1'])))[1],
    "Credential should be scoped to a valid region, not 'eu-west-1'. ",
  );
});

test('knows its keys, and no session', async () => {
  const text = 'The security token included in the request is invalid.';
  const unknown = reauthorized(withAws4(plain), (a) => a.replace(accessKeyId, 'AKIANOBODY'));
  assert.deepEqual(await faultOfRequest(unknown), ['UnrecognizedClientException', text]);
  const session = withAws4({ ...plain, headers: [...plain.headers, ['X-Amz-Security-Token', 'FwoG']] });
  assert.deepEqual(await faultOfRequest(session), ['UnrecognizedClientException', text]);
  const { rawHeaders, ...rest } = withAws4(plain);
  const anonymous = { ...rest, rawHeaders: rawHeaders.map((t) => (t === 'Authorization' ? 'X-Not' : t)) };
  assert.deepEqual(await faultOfRequest(anonymous), [
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  ]);
});

test('takes a clock that is a little off, and no other', async () => {
  await identify(withAws4({ ...plain, at: now - 4 * 60_000 }), plain.body);
  await identify(withAws4({ ...plain, at: now + 4 * 60_000 }), plain.body);
  const [code, message] = await faultOfRequest(withAws4({ ...plain, at: now - 16 * 60_000 }));
  assert.equal(code, 'InvalidSignatureException');
  assert.match(message, /^Signature expired: /);
});

test('takes the time from Date when there is no X-Amz-Date', async () => {
  const { rawHeaders, ...rest } = withAws4(plain);
  const late = 'Sun, 22 Nov 2026 11:00:00 GMT';
  const dated = rawHeaders.map((t) => (t === 'X-Amz-Date' ? 'Date' : t === basic(now) ? late : t));
  const [, message] = await faultOfRequest({ ...rest, rawHeaders: dated });
  assert.match(message, /^Signature expired: 20261122T110000Z is now earlier/);
});

test('wants what steers a request to be signed', async () => {
  const unsigned = (name: string) =>
    faultOfRequest(reauthorized(withAws4(plain), (a) => a.replace(new RegExp(`(SignedHeaders=.*?);?${name}`), '$1')));
  assert.match((await unsigned('host'))[1], /^'Host' or ':authority' must be a 'SignedHeader'/);
  assert.match((await unsigned('x-amz-date'))[1], /^'x-amz-date' must be a 'SignedHeader'/);
  assert.match((await unsigned('x-amz-target'))[1], /^'x-amz-target' must be a 'SignedHeader'/);
});

test('forgets the signing key of a secret that was replaced', async () => {
  const keys = new Map([[accessKeyId, { caller, secretAccessKey }]]);
  const read = reader('*', keys);
  (await read(withAws4(plain), ['ecr'])).verify(Buffer.from('{}'));
  keys.set(accessKeyId, { caller, secretAccessKey: 'the-new-one' });
  assert.equal((await faultOfRequest(withAws4(plain), '{}', read))[0], 'InvalidSignatureException');
  (await read(withAws4({ ...plain, secret: 'the-new-one' }), ['ecr'])).verify(Buffer.from('{}'));
});

test('answers every header with a Fault and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), async (authorization, date) => {
      const rawHeaders = ['Authorization', `AWS4-HMAC-SHA256 ${authorization}`, 'X-Amz-Date', date, 'Host', 'h'];
      const [code] = await faultOfRequest({ method: 'POST', path: '/', query: '', rawHeaders });
      assert.match(code, /Exception$/);
    }),
  );
});

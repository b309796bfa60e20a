import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MetadataChange } from '../../ports/metadata.ts';
import { type Caller, rootCaller } from '../../services/caller.ts';
import {
  authorizationToken,
  dockerTokenLifetimeMs,
  issueDockerToken,
} from '../../services/ecr/registry/docker-token.ts';
import { createDockerTokenCheck, passwordOf } from './basic-docker-token.ts';

const keys = { dockerToken: new Uint8Array(32).fill(1) };
const caller = rootCaller('123456789012', 'AKIAEXAMPLE');
const region = 'eu-west-1';

/** A check on a clock and a set of callers that the test moves. */
function setUp() {
  const clock = { time: 1_800_000_000_000, now: () => clock.time };
  const callers = new Map<string, Caller>([[caller.accessKeyId, caller]]);
  const listeners: ((change: MetadataChange) => void)[] = [];
  let lookUps = 0;
  const check = createDockerTokenCheck({
    keys,
    clock,
    metadata: { refresh: () => undefined, onChange: (listener) => void listeners.push(listener) },
    findCaller: async (accessKeyId) => {
      lookUps += 1;
      return callers.get(accessKeyId);
    },
  });
  const header = () => `Basic ${authorizationToken(issueDockerToken(keys, { caller, region, now: clock.time }).token)}`;
  const tell = (change: MetadataChange) => {
    for (const listener of listeners) listener(change);
  };
  return { check, clock, callers, header, tell, lookUps: () => lookUps };
}

const fails = async (work: () => unknown, code: string) =>
  assert.rejects(
    async () => work(),
    (error: { code?: string }) => error.code === code,
  );

test('a header is looked up once and then answered at once', async () => {
  const { check, header, lookUps } = setUp();
  const text = header();
  assert.equal(await check(text, region), caller);
  assert.equal(check(text, region), caller);
  assert.equal(lookUps(), 1);
});

test('no header is a challenge, anything that is no token of ours is invalid', async () => {
  const { check, header } = setUp();
  await fails(() => check(undefined, region), 'NotAuthorized');
  for (const text of [
    '',
    'Basic',
    'Basic ',
    'Basic Og==',
    `Bearer ${header().slice(6)}`,
    `${header()}=`,
    'Basic %%%',
  ]) {
    await fails(() => check(text, region), 'AuthorizationTokenInvalid');
  }
  const asUser = (user: string) => `Basic ${Buffer.from(`${user}:${passwordOf(header())}`).toString('base64')}`;
  await fails(() => check(asUser('root'), region), 'AuthorizationTokenInvalid');
  await fails(() => check(asUser('aws'), region), 'AuthorizationTokenInvalid');
  assert.equal(await check(asUser('AWS'), region), caller);
});

test('a token ends with its time, also when it is known, and is refused in another region', async () => {
  const { check, clock, header } = setUp();
  const text = header();
  await check(text, region);
  await fails(() => check(text, 'us-east-1'), 'AuthorizationTokenInvalid');
  clock.time += dockerTokenLifetimeMs - 1000;
  assert.equal(check(text, region), caller);
  clock.time += 1000;
  await fails(() => check(text, region), 'AuthorizationTokenExpired');
});

test('a known token is refused as soon as its access key is gone', async () => {
  const { check, callers, header, tell } = setUp();
  const text = header();
  await check(text, region);
  callers.clear();
  tell({ kind: 'repositories', ids: new Set([1]) });
  assert.equal(check(text, region), caller, 'nothing was told that concerns callers');
  tell({ kind: 'everything' });
  await fails(() => check(text, region), 'AuthorizationTokenInvalid');
});

test('what changes while a caller is looked up is not remembered', async () => {
  const { check, callers, header, tell } = setUp();
  const text = header();
  const checking = check(text, region);
  tell({ kind: 'everything' });
  await checking;
  callers.clear();
  await fails(() => check(text, region), 'AuthorizationTokenInvalid');
});

test('no header text makes it throw anything but a Fault', async () => {
  const { check } = setUp();
  const basic = fc.base64String().map((text) => `Basic ${text}`);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), basic), (text) =>
      fails(() => check(text, region), 'AuthorizationTokenInvalid'),
    ),
    { numRuns: 300 },
  );
});

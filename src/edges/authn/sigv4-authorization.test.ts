import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault } from '../../services/fault.ts';
import { parseAuthorization } from './sigv4-authorization.ts';

const scheme = 'AWS4-HMAC-SHA256';

function faultOf(header: string, hasDate = true): [string, string] {
  try {
    parseAuthorization(header, hasDate);
  } catch (error) {
    const { code, message } = error as Fault;
    return [code, message];
  }
  return assert.fail(`${header} was taken`);
}

test('parameters may be parted by commas with and without blanks', () => {
  const expected = {
    credential: { accessKeyId: 'AKIA', date: '20261122', region: 'us-east-1', service: 'ecr' },
    signedHeaders: ['host', 'x-amz-date'],
    signature: '00ff',
  };
  for (const header of [
    `${scheme} Credential=AKIA/20261122/us-east-1/ecr/aws4_request, SignedHeaders=host;x-amz-date, Signature=00ff`,
    `${scheme} Signature=00ff,Credential=AKIA/20261122/us-east-1/ecr/aws4_request,SignedHeaders=Host;X-Amz-Date`,
  ]) {
    assert.deepEqual(parseAuthorization(header, true), expected);
  }
});

test('what is missing is named, all of it', () => {
  const credential = 'Credential=a/b/c/d/aws4_request';
  const cases: [header: string, missing: string[]][] = [
    [`${scheme} SignedHeaders=host, Signature=00`, ['Credential']],
    [`${scheme} ${credential}, SignedHeaders=host`, ['Signature']],
    [`${scheme} ${credential}, Signature=00`, ['SignedHeaders']],
    [`${scheme} Credential=, SignedHeaders=host, Signature=`, ['Credential', 'Signature']],
    [scheme, ['Credential', 'Signature', 'SignedHeaders']],
    [
      `AWS4-ECDSA-P256-SHA256 ${credential}, SignedHeaders=host, Signature=00`,
      ['Credential', 'Signature', 'SignedHeaders'],
    ],
    ['Basic QVdTOng=', ['Credential', 'Signature', 'SignedHeaders']],
    ['', ['Credential', 'Signature', 'SignedHeaders']],
  ];
  for (const [header, missing] of cases) {
    const [code, message] = faultOf(header);
    assert.equal(code, 'IncompleteSignatureException', header);
    assert.match(message, /\(Hashed with SHA-256 and encoded with Base64\) Authorization=[A-Za-z0-9+/]{43}=$/);
    const named = [...message.matchAll(/requires '(\w+)' parameter\. /g)].map((m) => m[1]);
    assert.deepEqual(named, missing, header);
  }
  const [, undated] = faultOf(`${scheme} ${credential}, SignedHeaders=host, Signature=00`, false);
  assert.match(undated, /^Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. \(/);
});

test('a credential has five parts, the last of them fixed', () => {
  const withCredential = (credential: string) =>
    faultOf(`${scheme} Credential=${credential}, SignedHeaders=host, Signature=00`);
  for (const credential of ['AKIA/20261122/us-east-1/ecr', 'AKIA', 'a/b/c/d/e/f', 'a//c/d/e']) {
    assert.deepEqual(withCredential(credential), [
      'IncompleteSignatureException',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    ]);
  }
  assert.deepEqual(withCredential('AKIA/20261122/us-east-1/ecr/aws5_request'), [
    'InvalidSignatureException',
    "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
  ]);
});

test('nobody signs more than a hundred headers', () => {
  const header = `${scheme} Credential=a/b/c/d/aws4_request, SignedHeaders=${'x;'.repeat(5000)}host, Signature=00`;
  assert.equal(faultOf(header)[0], 'IncompleteSignatureException');
});

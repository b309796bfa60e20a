import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Fault } from './fault.ts';
import { ecrModel } from './model/ecr-model.ts';
import type { ServiceModel } from './model/service-model.ts';
import { constraintFault } from './run-operation.ts';
import { inputDecoder } from './shape.ts';

/** The message a caller gets for this input, or the input when it is good. */
function decode(operation: string, json: unknown, model: ServiceModel = ecrModel): unknown {
  try {
    const { input, violations } = inputDecoder(model, model.operations[operation]?.input)(json);
    if (violations.length === 0) return input;
    const { code, message } = constraintFault(violations);
    return `${code}: ${message}`;
  } catch (error) {
    const { code, message } = error as Fault;
    return `${code}: ${message}`;
  }
}

const invalid = (field: string, constraint: string) =>
  `InvalidParameterException: Invalid parameter at '${field}' failed to satisfy constraint: '${constraint}'`;

const namePattern = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*';
const uploadId = '123e4567-e89b-12d3-a456-426614174000';

const cases: [operation: string, json: unknown, answer: unknown][] = [
  ['CreateRepository', { repositoryName: 'app' }, { repositoryName: 'app' }],
  ['CreateRepository', {}, invalid('repositoryName', 'Member must not be null')],
  ['CreateRepository', { repositoryName: null }, invalid('repositoryName', 'Member must not be null')],
  [
    'CreateRepository',
    { repositoryName: 'App' },
    invalid('repositoryName', `must satisfy regular expression '${namePattern}'`),
  ],
  [
    'CreateRepository',
    { repositoryName: 'a' },
    invalid('repositoryName', 'must have length greater than or equal to 2'),
  ],
  [
    'CreateRepository',
    { repositoryName: 'A' },
    invalid('repositoryName', 'must have length greater than or equal to 2'),
  ],
  [
    'CreateRepository',
    { repositoryName: 'a'.repeat(257) },
    invalid('repositoryName', 'must have length less than or equal to 256'),
  ],
  [
    'CreateRepository',
    { repositoryName: 'app', imageTagMutability: 'SOMETIMES' },
    invalid(
      'imageTagMutability',
      'Member must satisfy enum value set: [IMMUTABLE, MUTABLE, MUTABLE_WITH_EXCLUSION, IMMUTABLE_WITH_EXCLUSION]',
    ),
  ],
  [
    'CreateRepository',
    { repositoryName: 'app', imageTagMutabilityExclusionFilters: [{ filterType: 'REGEX', filter: 'v*' }] },
    invalid('imageTagMutabilityExclusionFilters.1.member.filterType', 'Member must satisfy enum value set: [WILDCARD]'),
  ],
  [
    'CreateRepository',
    { repositoryName: 'app', tags: [{ Key: 'k' }] },
    invalid('tags.1.member.Value', 'Member must not be null'),
  ],
  ['CreateRepository', { repositoryName: 'app', tags: [null] }, invalid('tags.1.member', 'Member must not be null')],
  [
    'DescribeRepositories',
    { maxResults: 1001 },
    invalid('maxResults', 'Member must have value less than or equal to 1000'),
  ],
  [
    'DescribeRepositories',
    { maxResults: 0 },
    invalid('maxResults', 'Member must have value greater than or equal to 1'),
  ],
  [
    'DescribeRepositories',
    { repositoryNames: [] },
    invalid('repositoryNames', 'Member must have length greater than or equal to 1'),
  ],
  [
    'GetAuthorizationToken',
    { registryIds: ['012345678901', 'nobody', 'x'] },
    invalid(
      'registryIds',
      'Member must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]{12}]',
    ),
  ],
  [
    'GetAuthorizationToken',
    { registryIds: [null] },
    invalid('registryIds', 'Member must satisfy constraint: [Member must not be null]'),
  ],
  [
    'DescribeRepositories',
    { registryId: '12' },
    invalid('registryId', 'Member must satisfy regular expression pattern: [0-9]{12}'),
  ],
  [
    'UploadLayerPart',
    { repositoryName: 'app', uploadId, partFirstByte: -1, partLastByte: 0, layerPartBlob: '' },
    invalid('partFirstByte', 'Member must have value greater than or equal to 0'),
  ],
  [
    'ListImages',
    { repositoryName: 'A!', maxResults: 0 },
    `InvalidParameterException: 2 validation errors detected: Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '${namePattern}''; Invalid parameter at 'maxResults' failed to satisfy constraint: 'Member must have value greater than or equal to 1'`,
  ],
  [
    'PutImage',
    { repositoryName: 'app', imageManifest: '' },
    invalid('imageManifest', 'Member must have length greater than or equal to 1'),
  ],
  // Absent, null and unknown members.
  ['DescribeRegistry', { anything: { deep: [1] } }, {}],
  ['DescribeRepositories', { registryId: null, nextToken: null }, {}],
  ['DeleteRepository', { repositoryName: 'app', force: true, more: 1 }, { repositoryName: 'app', force: true }],
  // Wrong JSON types.
  ['DescribeRegistry', [], 'SerializationException: Start of list found where not expected'],
  ['DescribeRegistry', null, 'SerializationException: Unexpected field type'],
  ['DescribeRegistry', 7, 'SerializationException: Unexpected field type'],
  ['CreateRepository', { repositoryName: 7 }, 'SerializationException: NUMBER_VALUE can not be converted to a String'],
  ['CreateRepository', { repositoryName: true }, 'SerializationException: TRUE_VALUE can not be converted to a String'],
  ['CreateRepository', { repositoryName: ['app'] }, 'SerializationException: Start of list found where not expected'],
  [
    'CreateRepository',
    { repositoryName: {} },
    'SerializationException: Start of structure or map found where not expected.',
  ],
  ['CreateRepository', { repositoryName: '\ud800' }, 'SerializationException: A string holds half of a surrogate pair'],
  ['CreateRepository', { repositoryName: 'app', tags: 'k=v' }, 'SerializationException: Unexpected field type'],
  ['CreateRepository', { repositoryName: 'app', tags: ['k'] }, 'SerializationException: Unexpected field type'],
  [
    'DeleteRepository',
    { repositoryName: 'app', force: 'true' },
    'SerializationException: STRING_VALUE can not be converted to a Boolean',
  ],
  [
    'ListImages',
    { repositoryName: 'app', maxResults: '5' },
    'SerializationException: STRING_VALUE can not be converted to an Integer',
  ],
  [
    'ListImages',
    { repositoryName: 'app', maxResults: 1.5 },
    'SerializationException: NUMBER_VALUE can not be converted to an Integer',
  ],
  [
    'ListImages',
    { repositoryName: 'app', maxResults: 1e300 },
    'SerializationException: NUMBER_VALUE can not be converted to an Integer',
  ],
  [
    'UploadLayerPart',
    { repositoryName: 'app', uploadId, partFirstByte: 0, partLastByte: 0, layerPartBlob: '!' },
    'SerializationException: A blob has to be base64 text',
  ],
];

for (const [operation, json, answer] of cases) {
  test(`${operation} of ${(JSON.stringify(json) ?? '').slice(0, 80)}`, () => {
    assert.deepEqual(decode(operation, json), answer);
  });
}

test('a blob comes as bytes, at most 20 MiB of them', () => {
  const part = (layerPartBlob: unknown) => ({
    repositoryName: 'app',
    uploadId,
    partFirstByte: 0,
    partLastByte: 1,
    layerPartBlob,
  });
  const { layerPartBlob } = decode('UploadLayerPart', part('AAEC')) as { layerPartBlob: Uint8Array };
  assert.deepEqual(Buffer.from(layerPartBlob), Buffer.from([0, 1, 2]));
  const full = Buffer.alloc(20 * 1024 * 1024 + 1);
  assert.equal(
    decode('UploadLayerPart', part(full)),
    invalid('layerPartBlob', 'Member must have length less than or equal to 20971520'),
  );
});

test('strings are counted in characters, not in halves of surrogate pairs', () => {
  const tagged = (imageTag: string) => decode('PutImage', { repositoryName: 'app', imageManifest: '{}', imageTag });
  assert.equal((tagged('\u{1f433}'.repeat(300)) as { imageTag: string }).imageTag.length, 600);
  assert.equal(
    tagged('\u{1f433}'.repeat(301)),
    invalid('imageTag', 'Member must have length less than or equal to 300'),
  );
});

test('members named like those of every object are nothing special', () => {
  const json = JSON.parse('{"repositoryName":"app","__proto__":{"registryId":"x"},"constructor":1,"toString":2}');
  assert.deepEqual(decode('CreateRepository', json), { repositoryName: 'app' });
});

test('a huge or deep input of no use costs no stack', () => {
  const deep = JSON.parse(`{"x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
  assert.deepEqual(decode('DescribeRegistry', deep), {});
  const name = `${'a-'.repeat(5_000_000)}!`;
  assert.equal(
    decode('CreateRepository', { repositoryName: name }),
    invalid('repositoryName', 'must have length less than or equal to 256'),
  );
  const layerDigests = [`${'a:'.repeat(2_000_000)}g`];
  assert.match(
    String(decode('CompleteLayerUpload', { repositoryName: 'app', uploadId, layerDigests })),
    /^InvalidParameterException/,
  );
});

test('maps and timestamps are decoded as the model says', () => {
  const model: ServiceModel = {
    targetPrefix: 'T',
    signingName: 't',
    operations: { Op: { input: 'In', errors: [] } },
    shapes: {
      In: { type: 'structure', members: { labels: 'Labels', at: 'Time', ratio: 'Ratio' } },
      Labels: { type: 'map', key: 'Name', value: 'Text', max: 2 },
      Name: { type: 'string' },
      Text: { type: 'string', max: 3 },
      Time: { type: 'timestamp' },
      Ratio: { type: 'double', max: 1 },
    },
  };
  const good = decode('Op', JSON.parse('{"labels":{"__proto__":"x","b":null},"at":1565128275.5,"ratio":0.5}'), model);
  const { labels, at, ratio } = good as { labels: object; at: Date; ratio: number };
  assert.deepEqual([Object.entries(labels), at.getTime(), ratio], [[['__proto__', 'x']], 1565128275500, 0.5]);
  assert.equal(
    decode('Op', { labels: { a: 'long' } }, model),
    invalid('labels.1.member', 'Member must have length less than or equal to 3'),
  );
  assert.equal(
    decode('Op', { labels: { a: '', b: '', c: '' } }, model),
    invalid('labels', 'Member must have length less than or equal to 2'),
  );
  assert.equal(decode('Op', { labels: [] }, model), 'SerializationException: Start of list found where not expected');
  for (const wrong of ['2026-11-22T00:00:00Z', 1e18, true]) {
    assert.match(
      String(decode('Op', { at: wrong }, model)),
      /^SerializationException: \w+_VALUE can not be converted to a Timestamp$/,
    );
  }
});

test('every operation takes any JSON value or says in shape why not', () => {
  const operations = Object.keys(ecrModel.operations);
  fc.assert(
    fc.property(fc.constantFrom(...operations), fc.jsonValue({ maxDepth: 4 }), (operation, json) => {
      const answer = decode(operation, json);
      if (typeof answer === 'string') assert.match(answer, /^(InvalidParameter|Serialization)Exception: ./);
    }),
    { numRuns: 1000 },
  );
});

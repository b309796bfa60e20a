/** The AWS JSON protocol as clients see it: headers, statuses, error documents, and what reaches an operation and what does not. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { ecrLedger } from '../../src/services/ecr/operations.ts';
import { sendEcr } from '../support/call-ecr.ts';
import { jsonOf, type Reply, rawRequest } from '../support/raw-request.ts';
import { signAws } from '../support/sign-aws.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

let server: TestServer;
before(async () => {
  server = await startServer({ settings: { regions: 'us-east-1,eu-west-1' } });
});
after(() => server.stop());

const target = (operation: string) => `AmazonEC2ContainerRegistry_V20150921.${operation}`;
const jsonType = 'application/x-amz-json-1.1';
const call = (operation: string, input: unknown = {}) => sendEcr(server.origin, server, operation, input);

/** A request signed as it is, whatever it is. */
function signed(options: {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
  service?: string;
  region?: string;
}) {
  const { method = 'POST', path = '/', body = '{}', service = 'ecr', region = 'us-east-1' } = options;
  const headers = signAws(server, {
    method,
    path,
    host: server.host,
    headers: options.headers ?? {},
    body,
    service,
    region,
  });
  return rawRequest(server.origin, method, path, { headers, body });
}

function assertFault(reply: Reply, code: string, message?: string | RegExp, status = 400): void {
  const body = jsonOf(reply) as { __type: string; message?: string };
  assert.equal(body.__type, code);
  if (typeof message === 'string') assert.equal(body.message, message);
  else if (message !== undefined) assert.match(body.message ?? '', message);
  assert.equal(reply.status, status);
  assert.equal(reply.headers['x-amzn-errortype'], code);
  assert.equal(reply.headers['content-type'], jsonType);
}

test('an answer carries the headers that SDKs look for', async () => {
  const reply = await call('DescribeRegistry');
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['content-type'], jsonType);
  assert.match(
    String(reply.headers['x-amzn-requestid']),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.equal(reply.headers['content-length'], String(reply.body.length));
  assert.ok(!Number.isNaN(Date.parse(String(reply.headers.date))));
  assert.deepEqual(jsonOf(reply), { registryId: '000000000000', replicationConfiguration: { rules: [] } });
});

test('an empty body is an empty input', async () => {
  assert.equal((await call('DescribeRegistry', '')).status, 200);
});

test('who does not sign, or not well, reaches no operation', async () => {
  const headers = { 'content-type': jsonType, 'x-amz-target': target('CreateRepository') };
  const body = '{"repositoryName":"unsigned"}';
  assertFault(
    await rawRequest(server.origin, 'POST', '/', { headers, body }),
    'MissingAuthenticationTokenException',
    'Missing Authentication Token',
  );
  const basic = { ...headers, authorization: 'Basic QVdTOng=' };
  assertFault(
    await rawRequest(server.origin, 'POST', '/', { headers: basic, body }),
    'IncompleteSignatureException',
    /requires 'Credential' parameter/,
  );
  const invalidToken = 'The security token included in the request is invalid.';
  const stranger = { ...server, accessKeyId: 'AKIANOBODYNOBODYNOBO' };
  assertFault(
    await sendEcr(server.origin, stranger, 'CreateRepository', body),
    'UnrecognizedClientException',
    invalidToken,
  );
  const forger = { ...server, secretAccessKey: 'guess' };
  assertFault(
    await sendEcr(server.origin, forger, 'CreateRepository', body),
    'InvalidSignatureException',
    /^The request signature we calculated/,
  );
  assertFault(
    await signed({ headers, body, service: 's3' }),
    'InvalidSignatureException',
    "Credential should be scoped to correct service: 'ecr'. ",
  );
  assertFault(
    await signed({ headers, body, region: 'eu-west-3' }),
    'InvalidSignatureException',
    "Credential should be scoped to a valid region, not 'eu-west-3'. ",
  );
  const old = { region: 'us-east-1', date: new Date(Date.now() - 16 * 60_000) };
  assertFault(
    await sendEcr(server.origin, server, 'CreateRepository', body, old),
    'InvalidSignatureException',
    /^Signature expired: \d{8}T\d{6}Z is now earlier than /,
  );
  const tampered = signAws(server, { host: server.host, headers, body, service: 'ecr', region: 'us-east-1' });
  const changed = body.replace('unsigned', 'tampered');
  assertFault(
    await rawRequest(server.origin, 'POST', '/', { headers: tampered, body: changed }),
    'InvalidSignatureException',
  );
  assert.deepEqual(jsonOf(await call('DescribeRepositories')), { repositories: [] });
});

test('a target that is none of ECR is an unknown operation', async () => {
  for (const name of [
    '',
    'DescribeRegistry',
    target('Describe'),
    target('describeregistry'),
    'DynamoDB_20120810.ListTables',
    target('__proto__'),
  ]) {
    assertFault(
      await signed({ headers: { 'content-type': jsonType, 'x-amz-target': name } }),
      'UnknownOperationException',
    );
  }
  const headers = { 'content-type': jsonType, 'x-amz-target': target('DescribeRegistry') };
  assertFault(await signed({ headers, method: 'PUT' }), 'UnknownOperationException');
  assertFault(await signed({ headers, path: '/elsewhere' }), 'UnknownOperationException');
  assertFault(await signed({ headers: { ...headers, 'content-type': 'text/plain' } }), 'UnknownOperationException');
  assertFault(await signed({ headers: { 'content-type': jsonType } }), 'UnknownOperationException');
});

test('an operation that is not built says so, and never with a 5xx', async () => {
  const planned = ecrLedger.filter((entry) => entry.operation === undefined);
  assert.equal(planned.length, 41);
  for (const { name } of planned) {
    assertFault(
      await call(name),
      'UnsupportedCommandException',
      new RegExp(`^Longshore does not have ${name} yet\\..*docs/operations\\.md`),
    );
  }
});

test('a body that is no JSON structure is a SerializationException', async () => {
  for (const body of [
    '{',
    'null',
    '[]',
    '"x"',
    '7',
    '{"repositoryName":7}',
    '{"repositoryName":"a"} x',
    "{'a':1}",
    '\ufeff{}',
  ]) {
    assertFault(await call('CreateRepository', body), 'SerializationException');
  }
  const headers = { 'content-type': jsonType, 'x-amz-target': target('CreateRepository') };
  const body = Buffer.from('{"repositoryName":"\xe4\xf6"}', 'latin1');
  const badText = signAws(server, { host: server.host, headers, body, service: 'ecr', region: 'us-east-1' });
  assertFault(await rawRequest(server.origin, 'POST', '/', { headers: badText, body }), 'SerializationException');
});

test('input is judged before permission, and permission before existence', async () => {
  const elsewhere = { registryId: '999999999999', repositoryName: 'a' };
  assertFault(
    await call('ListImages', elsewhere),
    'InvalidParameterException',
    "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must have length greater than or equal to 2'",
  );
  assertFault(
    await call('ListImages', { ...elsewhere, repositoryName: 'app' }),
    'AccessDeniedException',
    'User: arn:aws:iam::000000000000:root is not authorized to perform: ecr:ListImages on resource: arn:aws:ecr:us-east-1:999999999999:repository/app because no resource-based policy allows the ecr:ListImages action',
  );
  assertFault(
    await call('ListImages', { repositoryName: 'app' }),
    'RepositoryNotFoundException',
    "The repository with name 'app' does not exist in the registry with id '000000000000'",
  );
});

test('times are epoch seconds with milliseconds, and absent members are left out', async () => {
  const begin = Date.now();
  const { repository } = jsonOf(await call('CreateRepository', { repositoryName: 'times' })) as {
    repository: { createdAt: number };
  };
  assert.ok(
    repository.createdAt * 1000 >= begin - 1 && repository.createdAt * 1000 <= Date.now() + 1,
    String(repository.createdAt),
  );
  assert.ok(!(await call('DescribeRepositories', { repositoryNames: ['times'] })).body.includes('null'));
  await call('DeleteRepository', { repositoryName: 'times' });
});

test('a layer part of 20 MiB goes through, one byte more does not', async () => {
  await call('CreateRepository', { repositoryName: 'parts' });
  const { uploadId } = jsonOf(await call('InitiateLayerUpload', { repositoryName: 'parts' })) as { uploadId: string };
  const blob = randomBytes(20 * 1024 * 1024 + 1);
  const part = (bytes: Buffer) => ({
    repositoryName: 'parts',
    uploadId,
    partFirstByte: 0,
    partLastByte: bytes.length - 1,
    layerPartBlob: bytes.toString('base64'),
  });
  assertFault(
    await call('UploadLayerPart', part(blob)),
    'InvalidParameterException',
    /'layerPartBlob'.*less than or equal to 20971520/,
  );
  const reply = await call('UploadLayerPart', part(blob.subarray(1)));
  assert.deepEqual(
    [reply.status, (jsonOf(reply) as { lastByteReceived: number }).lastByteReceived],
    [200, 20 * 1024 * 1024 - 1],
  );
});

test('a body beyond what the operation takes is refused with 413', async () => {
  const body = JSON.stringify({ repositoryName: 'x'.repeat(2 * 1024 * 1024) });
  assertFault(await call('CreateRepository', body), 'RequestEntityTooLargeException', undefined, 413);
});

test('who waits for 100 Continue is refused before the body is sent', async () => {
  const { status, continued } = await new Promise<{ status: number; continued: boolean }>((resolve, reject) => {
    let continued = false;
    const headers = {
      'content-type': jsonType,
      'x-amz-target': target('UploadLayerPart'),
      expect: '100-continue',
      'content-length': 20_000_000,
    };
    const { hostname, port } = new URL(server.origin);
    const request = httpRequest({ hostname, port, method: 'POST', headers }, (response) => {
      resolve({ status: response.statusCode!, continued });
      request.destroy();
    });
    request.on('continue', () => {
      continued = true;
    });
    request.on('error', reject);
    request.flushHeaders();
  });
  assert.deepEqual({ status, continued }, { status: 400, continued: false });
});

test('the same name in two regions is two repositories', async () => {
  const { repository } = jsonOf(
    await sendEcr(server.origin, server, 'CreateRepository', { repositoryName: 'regional' }, { region: 'eu-west-1' }),
  ) as {
    repository: { repositoryArn: string };
  };
  assert.equal(repository.repositoryArn, 'arn:aws:ecr:eu-west-1:000000000000:repository/regional');
  assertFault(await call('DescribeRepositories', { repositoryNames: ['regional'] }), 'RepositoryNotFoundException');
});

test('pages follow each other by tokens that fit only where they were given: DescribeRepositories', async () => {
  const region = { region: 'eu-west-1' };
  const list = async (input: object) => sendEcr(server.origin, server, 'DescribeRepositories', input, region);
  const names = ['regional', 'page/1', 'page/2', 'page/3', 'page/4'];
  for (const repositoryName of names.slice(1))
    await sendEcr(server.origin, server, 'CreateRepository', { repositoryName }, region);
  const seen: string[] = [];
  let nextToken: string | undefined;
  let firstToken = '';
  do {
    const page = jsonOf(await list({ maxResults: 2, ...(nextToken && { nextToken }) })) as {
      repositories: { repositoryName: string }[];
      nextToken?: string;
    };
    seen.push(...page.repositories.map((r) => r.repositoryName));
    nextToken = page.nextToken;
    firstToken ||= nextToken ?? '';
  } while (nextToken !== undefined);
  assert.deepEqual(seen, names);
  const flipped = (firstToken[0] === 'A' ? 'B' : 'A') + firstToken.slice(1);
  for (const token of [flipped, 'x', '', firstToken.slice(0, -4)]) {
    assertFault(await list({ maxResults: 2, nextToken: token }), 'InvalidParameterException', /'nextToken'/);
  }
  assertFault(
    await call('DescribeRepositories', { maxResults: 2, nextToken: firstToken }),
    'InvalidParameterException',
    /'nextToken'/,
  );
});

/** STS over the query protocol: what Terraform, boto3 and the CLI call before all else. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { GetCallerIdentityCommand, STSClient, type STSServiceException } from '@aws-sdk/client-sts';
import { type Reply, rawRequest } from '../support/raw-request.ts';
import { signAws } from '../support/sign-aws.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

let server: TestServer;
before(async () => {
  server = await startServer();
});
after(() => server.stop());

const form = 'application/x-www-form-urlencoded; charset=utf-8';
const version = 'Version=2011-06-15';

function sts(
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  region = 'us-east-1',
) {
  return new STSClient({ endpoint: server.origin, region, credentials, maxAttempts: 1 });
}

function post(
  body: string,
  { service = 'sts', headers = {} }: { service?: string; headers?: Record<string, string> } = {},
) {
  const signed = signAws(server, {
    host: server.host,
    headers: { 'content-type': form, ...headers },
    body,
    service,
    region: 'us-east-1',
  });
  return rawRequest(server.origin, 'POST', '/', { headers: signed, body });
}

function get(query: string, sign = true) {
  const path = `/?${query}`;
  const headers = sign
    ? signAws(server, { method: 'GET', path, host: server.host, service: 'sts', region: 'us-east-1' })
    : {};
  return rawRequest(server.origin, 'GET', path, { headers });
}

/** The document without the request id, which has to be that of the header. */
function documentOf(reply: Reply): string {
  assert.equal(reply.headers['content-type'], 'text/xml');
  const [whole, id] = /<RequestId>([^<]+)<\/RequestId>/.exec(reply.body.toString()) ?? [];
  assert.equal(id, reply.headers['x-amzn-requestid']);
  return reply.body.toString().replace(whole ?? '', '');
}

const identity =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata></ResponseMetadata></GetCallerIdentityResponse>';

function error(code: string, message: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
}

test('GetCallerIdentity answers the official SDK', async () => {
  const client = sts(server, 'eu-central-1');
  const { Account, Arn, UserId } = await client.send(new GetCallerIdentityCommand({}));
  assert.deepEqual(
    { Account, Arn, UserId },
    { Account: '000000000000', Arn: 'arn:aws:iam::000000000000:root', UserId: '000000000000' },
  );
  client.destroy();
});

test('GetCallerIdentity answers a form and a query', async () => {
  for (const reply of [
    await post(`Action=GetCallerIdentity&${version}`),
    await get(`Action=GetCallerIdentity&${version}`),
  ]) {
    assert.equal(reply.status, 200);
    assert.equal(documentOf(reply), identity);
  }
});

test('failures of authentication have the names of the query protocol', async () => {
  const failure = async (credentials: Parameters<typeof sts>[0]) => {
    const client = sts(credentials);
    const thrown: STSServiceException = await client.send(new GetCallerIdentityCommand({})).then(
      () => assert.fail('was believed'),
      (e) => e,
    );
    client.destroy();
    return [thrown.name, thrown.$metadata.httpStatusCode];
  };
  const { accessKeyId, secretAccessKey } = server;
  assert.deepEqual(await failure({ accessKeyId: 'AKIANOBODYNOBODYNOBO', secretAccessKey }), [
    'InvalidClientTokenId',
    403,
  ]);
  assert.deepEqual(await failure({ accessKeyId, secretAccessKey, sessionToken: 'x' }), ['InvalidClientTokenId', 403]);
  assert.deepEqual(await failure({ accessKeyId, secretAccessKey: 'guess' }), ['SignatureDoesNotMatch', 403]);

  const unsigned = await get(`Action=GetCallerIdentity&${version}`, false);
  assert.deepEqual(
    [unsigned.status, documentOf(unsigned)],
    [403, error('MissingAuthenticationToken', 'Missing Authentication Token')],
  );
  const broken = await rawRequest(server.origin, 'POST', '/', {
    headers: { 'content-type': form, authorization: 'AWS4-HMAC-SHA256 x' },
    body: `Action=GetCallerIdentity&${version}`,
  });
  assert.equal(broken.status, 400);
  assert.match(documentOf(broken), /<Code>IncompleteSignature<\/Code>/);
  const wrongService = await post(`Action=GetCallerIdentity&${version}`, { service: 'ecr' });
  assert.deepEqual(
    [wrongService.status, documentOf(wrongService)],
    [403, error('SignatureDoesNotMatch', 'Credential should be scoped to correct service: &#39;sts&#39;. ')],
  );
});

test('every other action is InvalidAction, with its name escaped', async () => {
  for (const [body, text] of [
    [`Action=AssumeRole&${version}`, 'Could not find operation AssumeRole for version 2011-06-15'],
    [`Action=%3Cb%3E%00&Version=1`, 'Could not find operation &lt;b&gt;\ufffd for version 1'],
    ['Action=__proto__', 'Could not find operation __proto__ for version 2011-06-15'],
    ['', 'Could not find operation  for version 2011-06-15'],
  ] as const) {
    const reply = await post(body);
    assert.deepEqual([reply.status, documentOf(reply)], [400, error('InvalidAction', text)]);
  }
  const iam = await post('Action=CreateUser&Version=2010-05-08&UserName=x', { service: 'iam' });
  assert.equal(iam.status, 400);
  assert.match(documentOf(iam), /<Code>InvalidAction<\/Code>/);
});

test('a signature in the query is refused in words', async () => {
  const reply = await get(
    `Action=GetCallerIdentity&${version}&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00`,
    false,
  );
  assert.equal(reply.status, 403);
  assert.match(
    documentOf(reply),
    /<Code>MissingAuthenticationToken<\/Code><Message>Signatures in the query string are not supported yet/,
  );
});

test('too many parameters, too much of them and broken escapes are no bugs', async () => {
  const many = await post(`Action=GetCallerIdentity${'&a=b'.repeat(2000)}`);
  assert.deepEqual([many.status, /<Code>MalformedQueryString</.test(documentOf(many))], [400, true]);
  const large = await post(`Action=GetCallerIdentity&a=${'b'.repeat(300_000)}`);
  assert.deepEqual([large.status, /<Code>RequestEntityTooLarge</.test(documentOf(large))], [413, true]);
  assert.equal((await post('Action=GetCallerIdentity&a=%zz&%u0041&=&&')).status, 200);
});

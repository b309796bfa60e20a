/** Who may speak to the registry, and how it says no: challenge, tokens, regions, accounts (behaviour page, 4 and 9.1). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { callEcr, fetchDockerToken } from '../support/call-ecr.ts';
import { makeImage } from '../support/make-image.ts';
import { type Reply, rawRequest } from '../support/raw-request.ts';
import { basicAuthorization, registryClient } from '../support/registry-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';

const hour = 60 * 60 * 1000;
const clock = { time: Date.now(), now: () => clock.time };
const image = makeImage({ seed: 'authentication' });

let server: TestServer;
before(async () => {
  server = await startServer({ clock });
  await callEcr(server.origin, server, 'CreateRepository', { repositoryName: 'app' }, { date: new Date(clock.time) });
  await client().pushImage('app', image, 'v1');
});
after(() => server?.stop());

const client = (token = server.dockerToken(), host?: string) =>
  registryClient({ origin: server.origin, token, ...(host !== undefined && { host }) });
const ping = (authorization?: string): Promise<Reply> =>
  rawRequest(server.origin, 'GET', '/v2/', authorization === undefined ? {} : { headers: { authorization } });
const hostOf = (accountId: string, region: string) => `${accountId}.dkr.ecr.${region}.localhost:4510`;

function assertDenied(reply: Reply, status: number, message: string): void {
  assert.equal(reply.status, status);
  assert.deepEqual(JSON.parse(reply.body.toString()), { errors: [{ code: 'DENIED', message }] });
  assert.equal(reply.headers['www-authenticate'], undefined);
}

test("without credentials every path is answered with the challenge, in ECR's words", async () => {
  for (const path of ['/v2/', '/v2/app/manifests/v1', '/v2/absent/tags/list', '/v2/_catalog', '/v2/no/such/endpoint']) {
    const reply = await rawRequest(server.origin, 'GET', path);
    assert.equal(reply.status, 401);
    assert.deepEqual(JSON.parse(reply.body.toString()), {
      errors: [{ code: 'UNAUTHORIZED', message: 'Not Authorized' }],
    });
    assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
    assert.equal(reply.headers['docker-distribution-api-version'], 'registry/2.0');
    assert.match(
      String(reply.headers['www-authenticate']),
      /^Basic realm="http:\/\/localhost:\d+\/",service="ecr\.amazonaws\.com"$/,
    );
  }
});

test('GET /v2/ with a token is what docker login wants to see', async () => {
  const reply = await ping(basicAuthorization(server.dockerToken()));
  assert.equal(reply.status, 200);
  assert.equal(reply.headers['docker-distribution-api-version'], 'registry/2.0');
});

test('a token that was altered, is no token, or belongs to another user is invalid', async () => {
  const token = server.dockerToken();
  const altered = `${token.slice(0, 40)}${token[40] === 'A' ? 'B' : 'A'}${token.slice(41)}`;
  const wrong = [
    basicAuthorization('wrong password'),
    basicAuthorization(altered),
    basicAuthorization(`${token}\r`),
    basicAuthorization(Buffer.from(`AWS:${token}`).toString('base64')),
    `Basic ${Buffer.from(`admin:${token}`).toString('base64')}`,
    'Basic ???',
    `Bearer ${token}`,
  ];
  for (const authorization of wrong)
    assertDenied(await ping(authorization), 400, 'Your Authorization Token is invalid.');
});

test('a token is refused in another region, and works in the registry of its own', async () => {
  const host = hostOf(server.accountId, 'eu-west-1');
  const date = new Date(clock.time);
  assertDenied(
    await client(server.dockerToken(), host).request('GET', '/v2/'),
    400,
    'Your Authorization Token is invalid.',
  );
  const there = await fetchDockerToken(server.origin, server, { region: 'eu-west-1', date });
  assert.equal((await client(there, host).request('GET', '/v2/')).status, 200);
  assertDenied(await client(there).request('GET', '/v2/'), 400, 'Your Authorization Token is invalid.');
});

test('the same name in two regions is two repositories', async () => {
  const region = 'ap-south-1';
  const date = new Date(clock.time);
  const there = client(
    await fetchDockerToken(server.origin, server, { region, date }),
    hostOf(server.accountId, region),
  );
  const absent = await there.getManifest('app', 'v1');
  assert.equal(absent.status, 404);
  assert.match(absent.body.toString(), /NAME_UNKNOWN/);
  await callEcr(server.origin, server, 'CreateRepository', { repositoryName: 'app' }, { region, date });
  assert.match((await there.getManifest('app', 'v1')).body.toString(), /MANIFEST_UNKNOWN/);
  assert.equal((await there.getBlob('app', image.config.digest)).status, 404);
  const mount = `/v2/app/blobs/uploads/?mount=${image.config.digest}`;
  assert.equal((await there.request('POST', mount)).status, 202, 'no blob is mounted across regions');
});

test("another account's registry is denied in AWS's words", async () => {
  const there = client(server.dockerToken(), hostOf('999999999999', server.region));
  assert.equal((await there.request('GET', '/v2/')).status, 200, 'a ping needs no permission');
  assertDenied(
    await there.getManifest('app', 'v1'),
    403,
    `User: arn:aws:iam::${server.accountId}:root is not authorized to perform: ecr:BatchGetImage on resource: ` +
      `arn:aws:ecr:${server.region}:999999999999:repository/app because no resource-based policy allows the ecr:BatchGetImage action`,
  );
});

test('a HEAD that is refused has no body', async () => {
  for (const [authorization, status] of [
    [undefined, 401],
    ['Basic x', 400],
  ] as const) {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const reply = await rawRequest(server.origin, 'HEAD', '/v2/app/manifests/v1', { headers });
    assert.equal(reply.status, status);
    assert.equal(reply.body.length, 0);
  }
});

// Moves the clock: the last of the tests.
test('a token ends after 12 hours, in 403 and without a challenge', async () => {
  const authorization = basicAuthorization(server.dockerToken());
  clock.time += 12 * hour - 60_000;
  assert.equal((await ping(authorization)).status, 200);
  clock.time += 120_000;
  assertDenied(await ping(authorization), 403, 'Your authorization token has expired. Reauthenticate and try again.');
  const fresh = await fetchDockerToken(server.origin, server, { date: new Date(clock.time) });
  assert.equal((await ping(basicAuthorization(fresh))).status, 200);
});

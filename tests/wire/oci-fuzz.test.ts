/**
 * Bad input at the registry edge, from a seed: whatever comes, there is an answer, it is never a 5xx, an error is an error document of
 * the protocol that shows nothing of the server, no second request is read out of a first one, and the server lives within its
 * memory. FUZZ_REQUESTS and FUZZ_SEED make a longer or another run.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createRandom } from '../black-box/random.ts';
import { callEcr } from '../support/call-ecr.ts';
import { makeImage } from '../support/make-image.ts';
import { basicAuthorization, registryClient } from '../support/registry-client.ts';
import { startServer, type TestServer } from '../support/start-server.ts';
import { type FuzzRequest, generateRequest, type Target } from './oci-fuzz/generate-request.ts';
import { type RawAnswer, rawExchange } from './oci-fuzz/raw-exchange.ts';

const requests = Number(process.env.FUZZ_REQUESTS ?? 3000);
const seed = process.env.FUZZ_SEED ?? '1';
const inFlight = 8;
/** No request of this test takes long; one that has no answer by then has none at all. */
const patienceMs = 60_000;
const growthMiB = 300;

let server: TestServer;
let target: Target;
const image = makeImage({ seed: 'fuzz' });

before(async () => {
  server = await startServer();
  await callEcr(server.origin, server, 'CreateRepository', { repositoryName: 'fuzz/app' });
  await registryClient({ origin: server.origin, token: server.dockerToken() }).pushImage('fuzz/app', image, 'tag-0');
  target = {
    host: server.host,
    authorization: basicAuthorization(server.dockerToken()),
    repository: 'fuzz/app',
    manifest: JSON.parse(image.bytes.toString()),
    manifestDigest: image.digest,
    layerDigest: image.config.digest,
    uploads: [],
  };
});
after(() => server?.stop());

test(`${requests} bad requests from seed ${seed}`, async () => {
  const before = process.memoryUsage().rss;
  const problems: string[] = [];
  const worker = async (name: number) => {
    const random = createRandom(`${seed}/${name}`);
    for (let sent = name; sent < requests; sent += inFlight) {
      const request = generateRequest(random, target);
      const answer = await rawExchange(server.origin, request, patienceMs);
      const problem = problemOf(request, answer);
      if (problem !== undefined) problems.push(`${problem}\n${shown(request, answer)}`);
      const location = answer?.status === 202 ? answer.headers.get('location') : undefined;
      if (location?.includes('/blobs/uploads/') && target.uploads.length < 200) target.uploads.push(location);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, name) => worker(name)));
  assert.equal(problems.length, 0, `${problems.length} problems, first:\n${problems.slice(0, 5).join('\n\n')}`);

  const client = registryClient({ origin: server.origin, token: server.dockerToken() });
  assert.equal((await client.request('GET', '/v2/')).status, 200);
  await client.pushImage('fuzz/app', image, 'afterwards');
  assert.equal(await client.checkImage('fuzz/app', 'afterwards'), image.digest);
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  assert.ok(grown < growthMiB, `memory grew by ${grown} MiB`);
});

/** What is wrong with the answer, if anything. */
function problemOf(request: FuzzRequest, answer: RawAnswer | undefined): string | undefined {
  // A client that breaks off in its body may get nothing: there may be nobody to answer.
  if (answer === undefined) return request.isHttp ? 'no answer' : undefined;
  if (answer.status < 200 || answer.status > 499) return `status ${answer.status}`;
  if (answer.answers !== 1) return 'a second request was read';
  if (answer.status < 400) return request.badTag ? 'accepted' : undefined;
  if (/node:|\.ts:|longshore-|\/tmp|SQLITE|ENOENT|TypeError/.test(answer.body)) return 'shows the server';
  if (request.method === 'HEAD') return undefined;
  if (!answer.whole) return request.isHttp ? 'the body is cut' : undefined;
  return isErrorDocument(answer.body) ? undefined : 'no error document';
}

function isErrorDocument(body: string): boolean {
  try {
    const { errors } = JSON.parse(body) as { errors: { code: string; message: string }[] };
    return errors.length === 1 && errors.every(({ code, message }) => /^[A-Z_]+$/.test(code) && message.length > 0);
  } catch {
    return false;
  }
}

function shown(request: FuzzRequest, answer: RawAnswer | undefined): string {
  const text = request.bytes.toString('latin1').replace(/Authorization: [^\r]{40,}/, 'Authorization: …');
  return `${text.slice(0, 400)}\n=> ${answer?.status} ${answer?.body.slice(0, 300)}`;
}

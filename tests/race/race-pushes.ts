/** How clients of the race bring things in: layers whole, in chunks through several nodes, by mount; manifests at both edges. */
import { contentSlice } from '../black-box/content.ts';
import type { Answer } from '../black-box/http-client.ts';
import type { Random } from '../black-box/random.ts';
import type { Manifest } from '../torture/model.ts';
import { callAws, callRegistry, codeOf, count, type RaceSession } from './race-session.ts';
import { contentOf, REPOSITORIES } from './race-things.ts';

const octets = { 'content-type': 'application/octet-stream' };
/** A layer may be collected between its push and that of its manifest (the grace period is nothing), so pushes are tried again, as clients do. */
const MOST_TRIES = 3;

/** Brings what the image needs, then the image itself. Answers when it is there, or could not be brought. */
export async function pushImage(
  session: RaceSession,
  random: Random,
  repository: string,
  manifest: Manifest,
  tag: string | undefined,
): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES && !session.stopping; tries += 1) {
    for (const digest of random.chance(0.5) ? manifest.layers : [...manifest.layers].reverse()) {
      if (!(await bringLayer(session, random, repository, digest))) return;
    }
    const outcome = await putManifest(session, random, repository, manifest, tag);
    if (outcome === 'there') count(session, 'images pushed');
    if (outcome !== 'something is missing') return;
    count(session, 'layer collected before its manifest came');
  }
}

/** Answers false when there is no such repository, or the request found trouble. */
async function bringLayer(session: RaceSession, random: Random, repository: string, digest: string): Promise<boolean> {
  const head = await callRegistry(session, random, { method: 'HEAD', path: `/v2/${repository}/blobs/${digest}` });
  if (head.answer?.status === 200) return true;
  if (head.answer?.status !== 404) return unexpected(session, head.span.what, head.answer, []);
  count(session, 'layers brought');
  const way = random.fraction();
  if (way < 0.3 && (await mount(session, random, repository, digest))) return true;
  return way < 0.6 ? inOnePost(session, random, repository, digest) : inChunks(session, random, repository, digest);
}

async function mount(session: RaceSession, random: Random, repository: string, digest: string): Promise<boolean> {
  const from = random.chance(0.5) ? `&from=${encodeURIComponent(random.pick(REPOSITORIES))}` : '';
  const path = `/v2/${repository}/blobs/uploads/?mount=${digest}${from}`;
  const { answer, span } = await callRegistry(session, random, { method: 'POST', path });
  if (answer?.status === 201) count(session, 'mounts');
  if (answer?.status === 202) await cancel(session, random, answer);
  return answer?.status === 201 || (answer?.status !== 202 && unexpected(session, span.what, answer, ['NAME_UNKNOWN']));
}

async function inOnePost(session: RaceSession, random: Random, repository: string, digest: string): Promise<boolean> {
  const { answer, span } = await callRegistry(session, random, {
    method: 'POST',
    path: `/v2/${repository}/blobs/uploads/?digest=${digest}`,
    headers: octets,
    body: contentSlice(contentOf(digest)),
  });
  return answer?.status === 201 || unexpected(session, span.what, answer, ['NAME_UNKNOWN']);
}

/** Every request of the upload may reach another node. */
async function inChunks(session: RaceSession, random: Random, repository: string, digest: string): Promise<boolean> {
  const content = contentOf(digest);
  // The repository may be deleted in the middle, with its uploads.
  const gone = ['NAME_UNKNOWN', 'BLOB_UPLOAD_UNKNOWN'];
  const started = await callRegistry(session, random, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` });
  let location = started.answer?.headers.location;
  if (started.answer?.status !== 202 || location === undefined) {
    return unexpected(session, started.span.what, started.answer, gone);
  }
  const length = Math.ceil(content.size / random.between(1, 3));
  const leaveLast = random.chance(0.3);
  for (let first = 0; content.size - first > (leaveLast ? length : 0); first += length) {
    const body = contentSlice(content, first, Math.min(content.size, first + length) - 1);
    const range = { 'content-range': `${first}-${first + body.length - 1}` };
    const patch = { method: 'PATCH', path: location, headers: { ...octets, ...range }, body };
    const { answer, span } = await callRegistry(session, random, patch);
    if (answer?.status !== 202) return unexpected(session, span.what, answer, gone);
    location = answer.headers.location ?? location;
  }
  const sent = leaveLast ? Math.max(0, (Math.ceil(content.size / length) - 1) * length) : content.size;
  const closing = {
    method: 'PUT',
    path: `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`,
    headers: octets,
    body: contentSlice(content, sent),
  };
  const { answer, span } = await callRegistry(session, random, closing);
  return answer?.status === 201 || unexpected(session, span.what, answer, gone);
}

async function cancel(session: RaceSession, random: Random, { headers }: Answer): Promise<void> {
  if (headers.location !== undefined) await callRegistry(session, random, { method: 'DELETE', path: headers.location });
}

/** Only the manifest, whatever of it is there. */
export async function putManifest(
  session: RaceSession,
  random: Random,
  repository: string,
  manifest: Manifest,
  tag: string | undefined,
): Promise<'there' | 'something is missing' | 'refused'> {
  if (random.chance(0.2)) return putImage(session, random, repository, manifest, tag);
  const { answer, span } = await callRegistry(session, random, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${tag ?? manifest.digest}`,
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
  });
  if (answer === undefined || answer.status === 201) {
    session.history.pushed(repository, manifest.digest, tag, span);
    return answer === undefined ? 'refused' : 'there';
  }
  const code = codeOf(answer);
  if (code === 'NAME_UNKNOWN') {
    session.history.repositoryAbsent(repository, span, {
      ...(tag === undefined ? {} : { tag }),
      digest: manifest.digest,
    });
    return 'refused';
  }
  if (code === 'MANIFEST_BLOB_UNKNOWN' || code === 'BLOB_UNKNOWN') return 'something is missing';
  unexpected(session, span.what, answer, []);
  return 'refused';
}

async function putImage(
  session: RaceSession,
  random: Random,
  repository: string,
  manifest: Manifest,
  tag: string | undefined,
): Promise<'there' | 'something is missing' | 'refused'> {
  const { history } = session;
  const { answer, span } = await callAws(session, random, 'PutImage', {
    repositoryName: repository,
    imageManifest: manifest.bytes.toString(),
    imageManifestMediaType: manifest.mediaType,
    ...(tag === undefined ? {} : { imageTag: tag }),
  });
  if (answer === undefined || answer.status === 200) {
    history.pushed(repository, manifest.digest, tag, span);
    return answer === undefined ? 'refused' : 'there';
  }
  switch (answer.code) {
    case 'ImageAlreadyExistsException':
      history.ofImage(repository, manifest.digest, span, { kind: 'sawOther', value: undefined });
      if (tag !== undefined) history.ofTag(repository, tag, span, { kind: 'saw', value: manifest.digest });
      return 'there';
    case 'RepositoryNotFoundException':
      history.repositoryAbsent(repository, span, { ...(tag === undefined ? {} : { tag }), digest: manifest.digest });
      return 'refused';
    case 'LayersNotFoundException':
    case 'ReferencedImagesNotFoundException':
      return 'something is missing';
    default:
      session.problems.push(`${span.what}: ${answer.text.slice(0, 300)}`);
      return 'refused';
  }
}

/** Notes an answer that nothing explains; always false, as nothing was brought. */
export function unexpected(
  session: RaceSession,
  what: string,
  answer: Answer | undefined,
  expected: readonly (string | undefined)[],
): false {
  if (answer !== undefined && !expected.includes(codeOf(answer))) {
    session.problems.push(`${what} answered ${answer.status} ${answer.body.toString().slice(0, 300)}`);
  }
  return false;
}

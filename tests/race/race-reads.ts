/** How clients of the race look, and what each answer says: manifests with all they need, tags, lists. */
import { sha256Digest } from '../black-box/content.ts';
import type { Random } from '../black-box/random.ts';
import { unexpected } from './race-pushes.ts';
import { callAws, callRegistry, codeOf, count, type RaceSession } from './race-session.ts';
import { MANIFESTS, manifestOf, TAGS } from './race-things.ts';

/** GET of a manifest by tag, then of everything that it names: it must all be there. */
export async function pull(session: RaceSession, random: Random, repository: string, tag: string): Promise<void> {
  const digest = await lookAtTag(session, random, repository, tag, 'GET');
  if (digest !== undefined) await pullParts(session, random, repository, digest.digest, digest.begin);
}

export async function pullByDigest(session: RaceSession, random: Random, repository: string): Promise<void> {
  const { digest } = random.pick(MANIFESTS);
  const begin = await lookAtImage(session, random, repository, digest);
  if (begin !== undefined) await pullParts(session, random, repository, digest, begin);
}

/** Answers what it names and when it was asked for; undefined when there is none. */
export async function lookAtTag(
  session: RaceSession,
  random: Random,
  repository: string,
  tag: string,
  method: 'GET' | 'HEAD',
): Promise<{ digest: string; begin: number } | undefined> {
  const path = `/v2/${repository}/manifests/${tag}`;
  const { answer, span } = await callRegistry(session, random, { method, path });
  if (answer === undefined) return undefined;
  if (answer.status === 200) {
    const digest = String(answer.headers['docker-content-digest']);
    count(session, 'tags read');
    if (method === 'GET' && answer.whole && sha256Digest(answer.body) !== digest) {
      session.problems.push(`${span.what}: the bytes are not ${digest}`);
    }
    session.history.ofTag(repository, tag, span, { kind: 'saw', value: digest });
    session.history.ofImage(repository, digest, span, { kind: 'sawOther', value: undefined });
    return { digest, begin: span.begin };
  }
  if (answer.status !== 404) unexpected(session, span.what, answer, []);
  else if (codeOf(answer) === 'NAME_UNKNOWN') session.history.repositoryAbsent(repository, span, { tag });
  else session.history.ofTag(repository, tag, span, { kind: 'saw', value: undefined });
  return undefined;
}

/** When it was asked for; undefined when it is not there. */
async function lookAtImage(
  session: RaceSession,
  random: Random,
  repository: string,
  digest: string,
): Promise<number | undefined> {
  const { answer, span } = await callRegistry(session, random, {
    method: 'GET',
    path: `/v2/${repository}/manifests/${digest}`,
  });
  if (answer === undefined) return undefined;
  if (answer.status === 200) {
    count(session, 'images read');
    if (!answer.body.equals(manifestOf(digest).bytes)) session.problems.push(`${span.what}: wrong bytes`);
    session.history.ofImage(repository, digest, span, { kind: 'sawOther', value: undefined });
    return span.begin;
  }
  if (answer.status !== 404) unexpected(session, span.what, answer, []);
  else if (codeOf(answer) === 'NAME_UNKNOWN') session.history.repositoryAbsent(repository, span, { digest });
  else session.history.ofImage(repository, digest, span, { kind: 'saw', value: undefined });
  return undefined;
}

/** What is not there although the image was is a suspicion: it is judged at the end whether the image may have gone meanwhile. */
async function pullParts(
  session: RaceSession,
  random: Random,
  repository: string,
  digest: string,
  begin: number,
): Promise<void> {
  const { layers, children } = manifestOf(digest);
  const suspect = (what: string, end: number) =>
    session.suspicions.push({ repository, digest, what: `${what} of image ${digest} in ${repository}`, begin, end });
  for (const child of children) {
    const path = `/v2/${repository}/manifests/${child}`;
    const { answer, span } = await callRegistry(session, random, { method: 'GET', path });
    count(session, 'parts read');
    if (answer?.status === 404) suspect(span.what, span.end);
  }
  for (const layer of layers) {
    const path = `/v2/${repository}/blobs/${layer}`;
    const method = random.chance(0.5) ? 'GET' : 'HEAD';
    const { answer, span } = await callRegistry(session, random, { method, path });
    count(session, 'parts read');
    if (answer?.status === 404) suspect(span.what, span.end);
    else if (answer !== undefined && answer.status !== 200) unexpected(session, span.what, answer, []);
    else if (answer !== undefined && method === 'GET' && answer.whole && sha256Digest(answer.body) !== layer) {
      session.problems.push(`${span.what}: wrong bytes`);
    }
  }
}

/** One page that shows all tags and images of the repository at one moment. */
export async function listImages(session: RaceSession, random: Random, repository: string): Promise<void> {
  const { history } = session;
  const input = { repositoryName: repository, maxResults: 1000 };
  const { answer, span } = await callAws(session, random, 'ListImages', input);
  if (answer === undefined) return;
  if (answer.code === 'RepositoryNotFoundException') return history.repositoryAbsent(repository, span);
  if (answer.status !== 200) return void session.problems.push(`${span.what}: ${answer.text.slice(0, 300)}`);
  count(session, 'lists read');
  const listed: { imageDigest: string; imageTag?: string }[] = answer.output.imageIds;
  for (const tag of TAGS) {
    const value = listed.find(({ imageTag }) => imageTag === tag)?.imageDigest;
    history.ofTag(repository, tag, span, { kind: 'saw', value });
  }
  for (const { digest } of MANIFESTS) {
    const there = listed.some(({ imageDigest }) => imageDigest === digest);
    history.ofImage(
      repository,
      digest,
      span,
      there ? { kind: 'sawOther', value: undefined } : { kind: 'saw', value: undefined },
    );
  }
}

export async function listTags(session: RaceSession, random: Random, repository: string): Promise<void> {
  const { answer, span } = await callRegistry(session, random, { method: 'GET', path: `/v2/${repository}/tags/list` });
  if (answer === undefined) return;
  if (answer.status === 404) return session.history.repositoryAbsent(repository, span);
  if (answer.status !== 200) return void unexpected(session, span.what, answer, []);
  const listed: string[] = JSON.parse(answer.body.toString()).tags ?? [];
  for (const tag of TAGS) {
    session.history.ofTag(
      repository,
      tag,
      span,
      listed.includes(tag) ? { kind: 'sawOther', value: undefined } : { kind: 'saw', value: undefined },
    );
  }
}

/** How clients of the race take things away: tags, images and repositories, at both edges. */
import type { Random } from '../black-box/random.ts';
import { unexpected } from './race-pushes.ts';
import { callAws, callRegistry, codeOf, count, type RaceSession } from './race-session.ts';
import { MANIFESTS } from './race-things.ts';

export async function deleteTag(session: RaceSession, random: Random, repository: string, tag: string): Promise<void> {
  const { history } = session;
  const path = `/v2/${repository}/manifests/${tag}`;
  const { answer, span } = await callRegistry(session, random, { method: 'DELETE', path });
  if (answer === undefined || answer.status === 202) history.untagged(repository, tag, span);
  else if (answer.status !== 404) unexpected(session, span.what, answer, []);
  else if (codeOf(answer) === 'NAME_UNKNOWN') history.repositoryAbsent(repository, span, { tag });
  else history.ofTag(repository, tag, span, { kind: 'saw', value: undefined });
  if (answer?.status === 202) count(session, 'tags deleted');
}

export async function deleteImage(session: RaceSession, random: Random, repository: string): Promise<void> {
  const { digest } = random.pick(MANIFESTS);
  if (random.chance(0.4)) return batchDelete(session, random, repository, digest);
  const { history } = session;
  const path = `/v2/${repository}/manifests/${digest}`;
  const { answer, span } = await callRegistry(session, random, { method: 'DELETE', path });
  if (answer === undefined || answer.status === 202) history.imageDeleted(repository, digest, span);
  else if (answer.status === 404 && codeOf(answer) === 'NAME_UNKNOWN') {
    history.repositoryAbsent(repository, span, { digest });
  } else if (answer.status === 404) history.ofImage(repository, digest, span, { kind: 'saw', value: undefined });
  // An index of the repository lists it.
  else if (answer.status === 409 || answer.status === 405 || answer.status === 403) {
    history.ofImage(repository, digest, span, { kind: 'sawOther', value: undefined });
  } else unexpected(session, span.what, answer, []);
  if (answer?.status === 202) count(session, 'images deleted');
}

async function batchDelete(session: RaceSession, random: Random, repository: string, digest: string): Promise<void> {
  const { history } = session;
  const input = { repositoryName: repository, imageIds: [{ imageDigest: digest }] };
  const { answer, span } = await callAws(session, random, 'BatchDeleteImage', input);
  if (answer === undefined) return history.imageDeleted(repository, digest, span);
  if (answer.code === 'RepositoryNotFoundException') return history.repositoryAbsent(repository, span, { digest });
  const failure: string | undefined = answer.output?.failures?.[0]?.failureCode;
  if (answer.status !== 200) session.problems.push(`${span.what}: ${answer.text.slice(0, 300)}`);
  else if (failure === 'ImageNotFound') {
    history.ofImage(repository, digest, span, { kind: 'saw', value: undefined });
  } else if (failure === 'ImageReferencedByManifestList') {
    history.ofImage(repository, digest, span, { kind: 'sawOther', value: undefined });
  } else if (failure !== undefined) session.problems.push(`${span.what}: ${answer.text.slice(0, 300)}`);
  else {
    history.imageDeleted(repository, digest, span);
    count(session, 'images deleted');
  }
}

export async function createRepository(session: RaceSession, random: Random, repository: string): Promise<void> {
  const { history } = session;
  const { answer, span } = await callAws(session, random, 'CreateRepository', { repositoryName: repository });
  if (answer?.code === 'RepositoryAlreadyExistsException') {
    history.ofRepository(repository, span, { kind: 'sawOther', value: undefined });
  } else if (answer === undefined) {
    // Whatever comes of it, nothing was in it then.
    history.ofRepository(repository, span, { kind: 'create', value: 'there' });
  } else if (answer.status === 200) {
    history.repositoryCreated(repository, span);
    count(session, 'repositories created');
  } else session.problems.push(`${span.what}: ${answer.text.slice(0, 300)}`);
}

export async function deleteRepository(session: RaceSession, random: Random, repository: string): Promise<void> {
  const { history } = session;
  const input = { repositoryName: repository, force: true };
  const { answer, span } = await callAws(session, random, 'DeleteRepository', input);
  if (answer?.code === 'RepositoryNotFoundException') history.repositoryAbsent(repository, span);
  else if (answer === undefined || answer.status === 200) history.repositoryDeleted(repository, span);
  else session.problems.push(`${span.what}: ${answer.text.slice(0, 300)}`);
  if (answer?.status === 200) count(session, 'repositories deleted');
}

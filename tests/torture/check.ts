/** After a restart: settles what was in doubt, then compares what the server shows with what it had acknowledged. */
import { sha256Digest } from '../black-box/content.ts';
import type { Random } from '../black-box/random.ts';
import { settleUploads } from './check-uploads.ts';
import { createLocks } from './locks.ts';
import { type Changes, isReferenced, layerThing, THERE, type Thing, type Value } from './model.ts';
import { callAws, callRegistry, type Trial } from './trial.ts';

export interface CheckExtent {
  /** Every image and every byte of every layer, instead of what changed and a sample. */
  readonly everything: boolean;
}

/** Reports breaches; the model then follows the server, so that one fault is counted once. */
export async function check(trial: Trial, random: Random, extent: CheckExtent): Promise<void> {
  trial.locks = createLocks();
  await settleDoubts(trial);
  await settleUploads(trial, random);
  const { model } = trial;
  await inParallel([...model.touched], (thing) => checkThing(trial, thing));
  model.touched.clear();
  await checkRepositoryList(trial);
  for (const repository of model.repositories()) {
    await checkTagList(trial, repository);
    await checkImageList(trial, repository);
    const images = model.list('image', repository);
    await inParallel(extent.everything ? images : sample(random, images, 10), (image) =>
      checkImage(trial, repository, image),
    );
    const layers = model.list('layer', repository);
    await inParallel(extent.everything ? layers : sample(random, layers, 10), (layer) =>
      checkLayer(trial, repository, layer),
    );
  }
}

async function settleDoubts(trial: Trial): Promise<void> {
  for (const { what, changes } of trial.model.doubts) {
    trial.report.inFlight += 1;
    const seen = new Map<Thing, Value>();
    await inParallel([...changes.keys()], async (thing) => seen.set(thing, await observe(trial, thing)));
    const happened = [...changes].every(([thing, value]) => seen.get(thing) === value);
    const untouched = [...changes.keys()].every((thing) => seen.get(thing) === trial.model.get(thing));
    if (happened) trial.report.inFlightDone += 1;
    else if (!untouched) trial.report.breach('half done', `${what}: ${describe(trial, changes, seen)}`);
    trial.report.note(`in doubt: ${what}: ${happened ? 'happened' : untouched ? 'did not happen' : 'HALF DONE'}`);
    trial.model.apply(seen);
  }
  trial.model.doubts.clear();
}

function describe(trial: Trial, changes: Changes, seen: ReadonlyMap<Thing, Value>): string {
  return [...changes]
    .map(([thing, after]) => `${thing}: was ${trial.model.get(thing)}, would be ${after}, is ${seen.get(thing)}`)
    .join('; ');
}

/** What the server shows of a thing. */
async function observe(trial: Trial, thing: Thing): Promise<Value> {
  const [kind, repository, name] = thing.split(' ') as [string, string, string];
  if (kind === 'repository') {
    const answer = await callAws(trial, 'DescribeRepositories', { repositoryNames: [repository] });
    if (answer.status === 200) return THERE;
    if (answer.code !== 'RepositoryNotFoundException')
      trial.report.breach('unexpected answer', `${thing}: ${answer.text}`);
    return undefined;
  }
  const path = kind === 'layer' ? `/v2/${repository}/blobs/${name}` : `/v2/${repository}/manifests/${name}`;
  const answer = await callRegistry(trial, { method: 'HEAD', path });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) {
    trial.report.breach('unexpected answer', `HEAD of ${thing}: ${answer.status}`);
    return undefined;
  }
  return kind === 'tag' ? String(answer.headers['docker-content-digest']) : THERE;
}

async function checkThing(trial: Trial, thing: Thing): Promise<void> {
  const seen = await observe(trial, thing);
  const expected = trial.model.get(thing);
  if (seen !== expected) {
    trial.report.breach(expected === undefined ? 'revived' : 'lost', `${thing}: must be ${expected}, is ${seen}`);
    trial.model.apply(new Map([[thing, seen]]));
  }
}

async function checkRepositoryList(trial: Trial): Promise<void> {
  const listed: string[] = [];
  let nextToken: string | undefined;
  do {
    const answer = await callAws(trial, 'DescribeRepositories', { maxResults: 100, nextToken });
    for (const { repositoryName } of answer.output?.repositories ?? []) listed.push(repositoryName);
    nextToken = answer.output?.nextToken;
  } while (nextToken !== undefined);
  compareLists(trial, 'repositories', trial.model.repositories(), listed);
}

async function checkTagList(trial: Trial, repository: string): Promise<void> {
  const listed: string[] = [];
  let path: string | undefined = `/v2/${repository}/tags/list?n=100`;
  while (path !== undefined) {
    const answer = await callRegistry(trial, { method: 'GET', path });
    if (answer.status === 200) listed.push(...(JSON.parse(answer.body.toString()).tags ?? []));
    path = /<([^>]+)>/.exec(String(answer.headers.link ?? ''))?.[1];
  }
  compareLists(trial, `tags of ${repository}`, trial.model.list('tag', repository), listed);
  await inParallel(listed, async (tag) => {
    const answer = await callRegistry(trial, { method: 'GET', path: `/v2/${repository}/manifests/${tag}` });
    trial.report.readsChecked += 1;
    if (answer.status !== 200)
      trial.report.breach('dangling', `tag ${tag} of ${repository} is listed, GET answers ${answer.status}`);
  });
}

async function checkImageList(trial: Trial, repository: string): Promise<void> {
  const listed = new Set<string>();
  let nextToken: string | undefined;
  do {
    const answer = await callAws(trial, 'ListImages', { repositoryName: repository, maxResults: 100, nextToken });
    for (const { imageDigest } of answer.output?.imageIds ?? []) listed.add(imageDigest);
    nextToken = answer.output?.nextToken;
  } while (nextToken !== undefined);
  compareLists(trial, `images of ${repository}`, trial.model.list('image', repository), [...listed]);
}

function compareLists(trial: Trial, what: string, expected: readonly string[], listed: readonly string[]): void {
  for (const name of expected)
    if (!listed.includes(name)) trial.report.breach('lost', `${what}: ${name} is not listed`);
  for (const name of listed) if (!expected.includes(name)) trial.report.breach('revived', `${what}: ${name} is listed`);
}

/** The manifest byte for byte, and every layer it needs. */
async function checkImage(trial: Trial, repository: string, digest: string): Promise<void> {
  const answer = await callRegistry(trial, { method: 'GET', path: `/v2/${repository}/manifests/${digest}` });
  trial.report.readsChecked += 1;
  const what = `image ${digest} of ${repository}`;
  const manifest = trial.model.manifests.get(digest);
  if (answer.status !== 200) trial.report.breach('lost', `${what}: ${answer.status}`);
  else if (manifest === undefined || !answer.body.equals(manifest.bytes)) trial.report.breach('wrong bytes', what);
  for (const layer of manifest?.layers ?? []) {
    const head = await callRegistry(trial, { method: 'HEAD', path: `/v2/${repository}/blobs/${layer}` });
    if (head.status !== 200) trial.report.breach('lost', `${what}: its layer ${layer}: ${head.status}`);
  }
}

async function checkLayer(trial: Trial, repository: string, digest: string): Promise<void> {
  const answer = await callRegistry(trial, { method: 'GET', path: `/v2/${repository}/blobs/${digest}` });
  trial.report.readsChecked += 1;
  const what = `layer ${digest} of ${repository}${isReferenced(trial.model, repository, digest) ? '' : ' (unreferenced)'}`;
  if (answer.status !== 200) trial.report.breach('lost', `${what}: ${answer.status}`);
  else if (!answer.whole || sha256Digest(answer.body) !== digest) trial.report.breach('wrong bytes', what);
  else if (answer.body.length !== trial.model.contents.get(digest)?.size)
    trial.report.breach('wrong bytes', `${what}: size`);
  if (answer.status !== 200) trial.model.apply(new Map([[layerThing(repository, digest), undefined]]));
}

function sample<T>(random: Random, items: readonly T[], count: number): T[] {
  return items.length <= count ? [...items] : Array.from({ length: count }, () => random.pick(items));
}

/** Eight at a time: enough to be quick, too few to be a load. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const item of queue) await work(item);
    }),
  );
}

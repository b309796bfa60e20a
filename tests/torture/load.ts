/** The load: clients that push, mount, retag, read and delete, each by its own seeded plan, until the server goes away. */
import { makeContent, sha256Digest } from '../black-box/content.ts';
import type { Random } from '../black-box/random.ts';
import { isReferenced, layerThing, removalOfRepository, repositoryThing, THERE, tagThing } from './model.ts';
import { mountLayer, pushLayer, SMALLEST_PART } from './push-layer.ts';
import { deleteImage, deleteTag, makeImage, makeIndex, putManifest } from './push-manifest.ts';
import { closeUpload, sendPart, startUpload } from './send-upload.ts';
import { attempt, Crashed, callAws, callRegistry, judge, judgeAws, type Trial } from './trial.ts';

const REPOSITORIES = ['app', 'team-1/api', 'team-1/web', 'team-2/jobs/nightly', 'base_image', 'x.y-z/cache'];
const TAGS = 12;

/** `name` is unique to the client and round, so that no two make the same content by chance. */
type Step = (trial: Trial, random: Random, repository: string, name: string) => Promise<void>;

/** Runs one client until the trial stops or the server is gone. */
export async function runClient(trial: Trial, random: Random, name: string): Promise<void> {
  try {
    for (let step = 0; !trial.stopping; step += 1) {
      const repository = random.pick(REPOSITORIES);
      const doStep = random.pickWeighted(STEPS);
      const release = trial.locks.take({ keep: [repositoryThing(repository)] });
      // Somebody is making or removing the repository: give the event loop its turn.
      if (release === undefined) await new Promise(setImmediate);
      else if (trial.model.get(repositoryThing(repository)) !== THERE) {
        release();
        await createRepository(trial, repository);
      } else {
        await doStep(trial, random, repository, `${name} ${step}`);
        release();
        if (doStep === pushImage && random.chance(0.03)) await deleteRepository(trial, repository);
      }
    }
  } catch (error) {
    if (!(error instanceof Crashed)) throw error;
  }
}

async function createRepository(trial: Trial, repository: string): Promise<void> {
  const release = trial.locks.take({ change: [repositoryThing(repository)] });
  if (release === undefined) return void (await new Promise(setImmediate));
  if (trial.model.get(repositoryThing(repository)) === THERE) return release();
  const changes = new Map([[repositoryThing(repository), THERE]]);
  const done = await attempt(trial, `create repository ${repository}`, changes, async () =>
    judgeAws(await callAws(trial, 'CreateRepository', { repositoryName: repository })),
  );
  if (done) release();
}

async function deleteRepository(trial: Trial, repository: string): Promise<void> {
  const release = trial.locks.take({ change: [repositoryThing(repository)] });
  if (release === undefined) return;
  if (trial.model.get(repositoryThing(repository)) !== THERE) return release();
  for (const upload of trial.model.uploads) if (upload.repository === repository) trial.model.uploads.delete(upload);
  const changes = removalOfRepository(trial.model, repository);
  const done = await attempt(trial, `delete repository ${repository}`, changes, async () =>
    judgeAws(await callAws(trial, 'DeleteRepository', { repositoryName: repository, force: true })),
  );
  if (done) release();
}

const pushImage: Step = async (trial, random, repository, name) => {
  const config = makeContent(`${name} config`, random.between(20, 2_000));
  const layers = [];
  for (let index = random.between(1, 4); index > 0; index -= 1) {
    const old = [...trial.model.contents.values()];
    const fresh = old.length === 0 || random.chance(0.7);
    layers.push(fresh ? makeContent(`${name} layer ${index}`, pickSize(random)) : random.pick(old));
  }
  for (const content of new Set([config, ...layers])) {
    const known = trial.model.get(layerThing(repository, content.digest)) === THERE;
    if (!(known && random.chance(0.5)) && !(await pushLayer(trial, random, repository, content))) return;
  }
  const manifest = makeImage(name, config, layers, random.chance(0.4));
  await putManifest(trial, random, repository, manifest, random.chance(0.85) ? pickTag(random) : undefined);
};

const retag: Step = async (trial, random, repository) => {
  const manifest = pickImage(trial, random, repository);
  if (manifest !== undefined) await putManifest(trial, random, repository, manifest, pickTag(random));
};

const pushIndex: Step = async (trial, random, repository, name) => {
  const children = [pickImage(trial, random, repository), pickImage(trial, random, repository)];
  const images = [...new Set(children)]
    .filter((child) => child !== undefined)
    .filter((child) => child.children.length === 0);
  if (images.length > 0) await putManifest(trial, random, repository, makeIndex(name, images), pickTag(random));
};

const removeImage: Step = async (trial, random, repository) => {
  const manifest = pickImage(trial, random, repository);
  if (manifest !== undefined) await deleteImage(trial, random, repository, manifest.digest);
};

const removeTag: Step = async (trial, random, repository) => {
  await deleteTag(trial, repository, pickTag(random));
};

const removeLayer: Step = async (trial, random, repository) => {
  const digests = trial.model.list('layer', repository);
  if (digests.length === 0) return;
  const digest = random.pick(digests);
  const thing = layerThing(repository, digest);
  const release = trial.locks.take({ change: [thing] });
  if (release === undefined) return;
  if (trial.model.get(thing) !== THERE || isReferenced(trial.model, repository, digest)) return release();
  const done = await attempt(
    trial,
    `delete layer ${digest} in ${repository}`,
    new Map([[thing, undefined]]),
    async () => judge(await callRegistry(trial, { method: 'DELETE', path: `/v2/${repository}/blobs/${digest}` }), 202),
  );
  if (done) release();
};

const mount: Step = async (trial, random, repository) => {
  const from = random.pick(REPOSITORIES);
  const digests = trial.model.list('layer', from);
  if (from !== repository && digests.length > 0) await mountLayer(trial, repository, from, random.pick(digests));
};

/** Sends some of a layer and leaves the upload open, for after the crash. */
const leaveUploadOpen: Step = async (trial, random, repository, name) => {
  const edge = random.chance(0.5) ? 'oci' : 'aws';
  const content = makeContent(
    `${name} open`,
    edge === 'aws' ? random.between(2, 12) * (1 << 20) : pickSize(random) + 2,
  );
  const upload = await startUpload(trial, repository, content, edge);
  if (upload === undefined) return;
  const length = edge === 'aws' ? SMALLEST_PART : random.between(2, content.size);
  if (await sendPart(trial, upload, length)) upload.busy = false;
};

const goOnWithUpload: Step = async (trial, random, repository) => {
  const open = [...trial.model.uploads].filter((upload) => upload.repository === repository && !upload.busy);
  if (open.length === 0) return;
  const upload = random.pick(open);
  const release = trial.locks.take({ change: [layerThing(repository, upload.content.digest)] });
  if (release === undefined) return;
  upload.busy = true;
  while (upload.edge === 'aws' && upload.acknowledged < upload.content.size) {
    if (!(await sendPart(trial, upload, SMALLEST_PART))) return;
  }
  if (await closeUpload(trial, upload)) release();
};

const readTag: Step = async (trial, random, repository) => {
  const tag = pickTag(random);
  const thing = tagThing(repository, tag);
  const release = trial.locks.take({ keep: [thing] });
  if (release === undefined) return;
  const expected = trial.model.get(thing);
  const answer = await callRegistry(trial, { method: 'GET', path: `/v2/${repository}/manifests/${tag}` });
  if (answer.whole) checkManifest(trial, `${repository}:${tag}`, expected, answer);
  release();
};

const readLayer: Step = async (trial, random, repository) => {
  const digests = trial.model.list('layer', repository);
  if (digests.length === 0) return;
  const digest = random.pick(digests);
  const thing = layerThing(repository, digest);
  const release = trial.locks.take({ keep: [thing] });
  if (release === undefined) return;
  const expected = trial.model.get(thing);
  const answer = await callRegistry(trial, { method: 'GET', path: `/v2/${repository}/blobs/${digest}` });
  trial.report.readsChecked += 1;
  if (expected === THERE && answer.status !== 200)
    trial.report.breach('lost', `GET of layer ${digest} in ${repository}: ${answer.status}`);
  if (answer.status === 200 && answer.whole && sha256Digest(answer.body) !== digest) {
    trial.report.breach('wrong bytes', `layer ${digest} in ${repository} read during the load`);
  }
  release();
};

function checkManifest(
  trial: Trial,
  what: string,
  expected: string | undefined,
  answer: { status: number; body: Buffer },
): void {
  trial.report.readsChecked += 1;
  const got = answer.status === 200 ? sha256Digest(answer.body) : undefined;
  if (got === expected) return;
  const kind = expected === undefined ? 'revived' : got === undefined ? 'lost' : 'wrong bytes';
  trial.report.breach(kind, `${what} read during the load: ${answer.status} ${got}, must be ${expected}`);
}

/** Weighted: a step that stands twice is taken twice as often. */
const STEPS: readonly (readonly [number, Step])[] = [
  [30, pushImage],
  [8, retag],
  [4, pushIndex],
  [6, removeImage],
  [6, removeTag],
  [3, removeLayer],
  [8, mount],
  [4, leaveUploadOpen],
  [4, goOnWithUpload],
  [15, readTag],
  [10, readLayer],
];

function pickTag(random: Random): string {
  return `v${random.between(1, TAGS)}`;
}

/** Mostly small, as layers are; now and then nothing at all, or several parts. */
function pickSize(random: Random): number {
  const draw = random.fraction();
  if (draw < 0.02) return 0;
  if (draw < 0.75) return random.between(1, 64 << 10);
  if (draw < 0.97) return random.between(64 << 10, 2 << 20);
  return random.between(2 << 20, 12 << 20);
}

function pickImage(trial: Trial, random: Random, repository: string) {
  const digests = trial.model.list('image', repository);
  return digests.length === 0 ? undefined : trial.model.manifests.get(random.pick(digests));
}

/** Brings a layer into a repository, in one of the ways clients have. */
import { type Content, contentSlice } from '../black-box/content.ts';
import type { Random } from '../black-box/random.ts';
import { layerThing, repositoryThing, THERE } from './model.ts';
import { closeUpload, sendPart, startUpload } from './send-upload.ts';
import { attempt, callRegistry, judge, type Trial } from './trial.ts';

/** ECR's parts, except the last, have at least 5 MiB; the API refuses to complete an upload with smaller ones. */
export const SMALLEST_PART = 5 << 20;

type Way = (trial: Trial, random: Random, repository: string, content: Content) => Promise<boolean>;

/**
 * Answers whether the layer is acknowledged now; false also when somebody else is at it. Throws Crashed. The caller keeps
 * the repository.
 */
export async function pushLayer(trial: Trial, random: Random, repository: string, content: Content): Promise<boolean> {
  const thing = layerThing(repository, content.digest);
  const release = trial.locks.take({ change: [thing] });
  if (release === undefined) return false;
  // Known from now on: when the answer does not come, the layer may be there all the same.
  trial.model.contents.set(content.digest, content);
  const done = await random.pick(WAYS)(trial, random, repository, content);
  if (done) release();
  return done;
}

/** HEAD, and only when it is not there: POST, one streaming PATCH, PUT. */
const asDocker: Way = async (trial, _random, repository, content) => {
  const head = await callRegistry(trial, { method: 'HEAD', path: `/v2/${repository}/blobs/${content.digest}` });
  const known = trial.model.get(layerThing(repository, content.digest)) === THERE;
  if ((head.status === 200) !== known) {
    trial.report.breach(
      known ? 'lost' : 'revived',
      `HEAD of layer ${content.digest} in ${repository} answered ${head.status}`,
    );
  }
  if (head.status === 200) return known;
  const upload = await startUpload(trial, repository, content, 'oci');
  return upload !== undefined && (await sendPart(trial, upload, content.size)) && (await closeUpload(trial, upload));
};

const inOnePost: Way = async (trial, _random, repository, content) => {
  const changes = new Map([[layerThing(repository, content.digest), THERE]]);
  return attempt(trial, `POST whole layer ${content.digest} into ${repository}`, changes, async () => {
    const answer = await callRegistry(trial, {
      method: 'POST',
      path: `/v2/${repository}/blobs/uploads/?digest=${content.digest}`,
      headers: { 'content-type': 'application/octet-stream' },
      body: contentSlice(content),
    });
    return judge(answer, 201);
  });
};

const postThenPut: Way = async (trial, _random, repository, content) => {
  const upload = await startUpload(trial, repository, content, 'oci');
  return upload !== undefined && closeUpload(trial, upload);
};

/** Two to five chunks; the last one may ride on the closing PUT. */
const inChunks: Way = async (trial, random, repository, content) => {
  const upload = await startUpload(trial, repository, content, 'oci');
  if (upload === undefined) return false;
  const length = Math.ceil(content.size / random.between(2, 5));
  const leaveLast = random.chance(0.5);
  while (content.size - upload.acknowledged > (leaveLast ? length : 0)) {
    if (!(await sendPart(trial, upload, length))) return false;
  }
  return closeUpload(trial, upload);
};

const inAwsParts: Way = async (trial, _random, repository, content) => {
  // ECR knows no layer without a part.
  if (content.size === 0) return postThenPut(trial, _random, repository, content);
  const upload = await startUpload(trial, repository, content, 'aws');
  if (upload === undefined) return false;
  while (upload.acknowledged < content.size) if (!(await sendPart(trial, upload, SMALLEST_PART))) return false;
  return closeUpload(trial, upload);
};

const WAYS: readonly Way[] = [asDocker, asDocker, inOnePost, postThenPut, inChunks, inAwsParts];

/** Mounts a layer of `from`. The caller keeps both repositories. */
export async function mountLayer(trial: Trial, repository: string, from: string, digest: string): Promise<void> {
  const target = layerThing(repository, digest);
  const release = trial.locks.take({ change: [target], keep: [layerThing(from, digest), repositoryThing(from)] });
  if (release === undefined) return;
  if (trial.model.get(layerThing(from, digest)) !== THERE) return release();
  const done = await attempt(
    trial,
    `mount ${digest} from ${from} into ${repository}`,
    new Map([[target, THERE]]),
    async () => {
      const path = `/v2/${repository}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`;
      return judge(await callRegistry(trial, { method: 'POST', path }), 201);
    },
  );
  if (done) release();
}

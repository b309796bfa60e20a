/** Builds manifests and puts them, at either edge; and takes images and tags away again. */
import { type Content, sha256Digest } from '../black-box/content.ts';
import type { Random } from '../black-box/random.ts';
import {
  type Changes,
  imageThing,
  isChild,
  layerThing,
  type Manifest,
  removalOfImage,
  THERE,
  tagsOfImage,
  tagThing,
  type Value,
} from './model.ts';
import { attempt, callAws, callRegistry, judge, judgeAws, type Trial } from './trial.ts';

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

export function makeImage(name: string, config: Content, layers: readonly Content[], docker: boolean): Manifest {
  const kind = docker ? 'application/vnd.docker.' : 'application/vnd.oci.image.';
  const mediaType = docker ? DOCKER_IMAGE : IMAGE;
  const bytes = encode({
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: docker ? `${kind}container.image.v1+json` : `${kind}config.v1+json`,
      size: config.size,
      digest: config.digest,
    },
    layers: layers.map(({ digest, size }) => ({
      mediaType: docker ? `${kind}image.rootfs.diff.tar.gzip` : `${kind}layer.v1.tar+gzip`,
      size,
      digest,
    })),
    // What makes two images of the same layers two manifests.
    ...(docker ? {} : { annotations: { 'org.opencontainers.image.title': name } }),
  });
  const needed = [...new Set([config, ...layers].map(({ digest }) => digest))];
  return { digest: sha256Digest(bytes), mediaType, bytes, layers: needed, children: [] };
}

export function makeIndex(name: string, children: readonly Manifest[]): Manifest {
  const architectures = ['amd64', 'arm64', 's390x', 'riscv64'];
  const bytes = encode({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: children.map(({ mediaType, bytes: child, digest }, index) => ({
      mediaType,
      size: child.length,
      digest,
      platform: { os: 'linux', architecture: architectures[index % architectures.length] },
    })),
    annotations: { 'org.opencontainers.image.title': name },
  });
  return {
    digest: sha256Digest(bytes),
    mediaType: INDEX,
    bytes,
    layers: [],
    children: children.map(({ digest }) => digest),
  };
}

function encode(manifest: unknown): Buffer {
  // Indented, so that a server that writes the JSON anew is found out.
  return Buffer.from(JSON.stringify(manifest, undefined, 3));
}

/**
 * Puts a manifest, with or without a tag. What it refers to must be acknowledged, else nothing is done. The caller keeps
 * the repository.
 */
export async function putManifest(
  trial: Trial,
  random: Random,
  repository: string,
  manifest: Manifest,
  tag: string | undefined,
): Promise<void> {
  const { model } = trial;
  const image = imageThing(repository, manifest.digest);
  const needs = [
    ...manifest.layers.map((digest) => layerThing(repository, digest)),
    ...manifest.children.map((digest) => imageThing(repository, digest)),
  ];
  const changes = new Map<string, Value>([[image, THERE]]);
  if (tag !== undefined) changes.set(tagThing(repository, tag), manifest.digest);
  const release = trial.locks.take({ change: [...changes.keys()], keep: needs });
  if (release === undefined) return;
  if (!needs.every((thing) => model.get(thing) === THERE)) return release();
  model.manifests.set(manifest.digest, manifest);
  const what = `put ${manifest.digest} as ${tag ?? 'untagged'} in ${repository}`;
  const done = await attempt(trial, what, changes, async () => {
    if (random.chance(0.3)) {
      const answer = await callAws(trial, 'PutImage', {
        repositoryName: repository,
        imageManifest: manifest.bytes.toString(),
        imageManifestMediaType: manifest.mediaType,
        ...(tag === undefined ? {} : { imageTag: tag }),
      });
      return judgeAws(answer, 'ImageAlreadyExistsException');
    }
    const path = `/v2/${repository}/manifests/${tag ?? manifest.digest}`;
    const headers = { 'content-type': manifest.mediaType };
    return judge(await callRegistry(trial, { method: 'PUT', path, headers, body: manifest.bytes }), 201);
  });
  if (done) release();
}

/** Deletes an image by its digest, unless an index lists it: ECR would refuse. */
export async function deleteImage(trial: Trial, random: Random, repository: string, digest: string): Promise<void> {
  const release = takeImageWithTags(trial, repository, digest);
  if (release === undefined) return;
  if (trial.model.get(imageThing(repository, digest)) !== THERE || isChild(trial.model, repository, digest))
    return release();
  const changes = removalOfImage(trial.model, repository, digest);
  const done = await attempt(trial, `delete image ${digest} in ${repository}`, changes, async () => {
    if (random.chance(0.5)) return batchDelete(trial, repository, { imageDigest: digest });
    return judge(await callRegistry(trial, { method: 'DELETE', path: `/v2/${repository}/manifests/${digest}` }), 202);
  });
  if (done) release();
}

/** Deletes a tag through the API; with the last tag the image goes too (behaviour page 10.3). */
export async function deleteTag(trial: Trial, repository: string, tag: string): Promise<void> {
  const digest = trial.model.get(tagThing(repository, tag));
  if (digest === undefined) return;
  const release = takeImageWithTags(trial, repository, digest);
  if (release === undefined) return;
  if (isChild(trial.model, repository, digest)) return release();
  const last = tagsOfImage(trial.model, repository, digest).length === 1;
  const changes: Changes = last
    ? removalOfImage(trial.model, repository, digest)
    : new Map([[tagThing(repository, tag), undefined]]);
  const done = await attempt(trial, `delete tag ${tag} in ${repository}`, changes, () =>
    batchDelete(trial, repository, { imageTag: tag }),
  );
  if (done) release();
}

/** Whoever holds the image holds its tags too: no tag can be put on it meanwhile. */
function takeImageWithTags(trial: Trial, repository: string, digest: string): (() => void) | undefined {
  const tags = tagsOfImage(trial.model, repository, digest).map((tag) => tagThing(repository, tag));
  return trial.locks.take({ change: [imageThing(repository, digest), ...tags] });
}

async function batchDelete(trial: Trial, repository: string, imageId: { imageDigest: string } | { imageTag: string }) {
  const answer = await callAws(trial, 'BatchDeleteImage', { repositoryName: repository, imageIds: [imageId] });
  const verdict = judgeAws(answer);
  const failures: unknown[] = answer.output?.failures ?? [];
  return failures.length === 0 ? verdict : { ok: false, answer: answer.text.slice(0, 300) };
}

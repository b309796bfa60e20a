/**
 * What a client may believe: every thing the server has acknowledged, and which changes are in doubt because their answer
 * never came. A change in doubt must turn out to have happened wholly or not at all.
 */
import type { Content } from '../black-box/content.ts';

/** A repository, tag, image or layer by name, e.g. `tag team-1/app v3`. The value of a tag is its digest, of others `there`. */
export type Thing = string;
export type Value = string | undefined;
export type Changes = ReadonlyMap<Thing, Value>;

export const repositoryThing = (repository: string): Thing => `repository ${repository}`;
export const tagThing = (repository: string, tag: string): Thing => `tag ${repository} ${tag}`;
export const imageThing = (repository: string, digest: string): Thing => `image ${repository} ${digest}`;
export const layerThing = (repository: string, digest: string): Thing => `layer ${repository} ${digest}`;
export const THERE = 'there';

/** A manifest as it was pushed. */
export interface Manifest {
  readonly digest: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** Digests of config and layers. */
  readonly layers: readonly string[];
  /** Digests of the manifests that an index lists. */
  readonly children: readonly string[];
}

/** Bytes on their way: `acknowledged` of them were promised, up to `sent` may have arrived. */
export interface OpenUpload {
  readonly repository: string;
  readonly id: string;
  /** Where the registry edge wants the next bytes. */
  location: string;
  readonly content: Content;
  readonly edge: 'oci' | 'aws';
  acknowledged: number;
  sent: number;
  busy: boolean;
}

export interface Doubt {
  readonly what: string;
  readonly changes: Changes;
}

export interface Model {
  readonly contents: Map<string, Content>;
  readonly manifests: Map<string, Manifest>;
  readonly uploads: Set<OpenUpload>;
  readonly doubts: Set<Doubt>;
  /** Things whose acknowledged value changed since the last check, absent ones included. */
  readonly touched: Set<Thing>;
  get(thing: Thing): Value;
  /** Names within a kind and repository, e.g. every tag of one. */
  list(kind: 'tag' | 'image' | 'layer', repository: string): string[];
  repositories(): string[];
  apply(changes: Changes): void;
}

export function createModel(): Model {
  const state = new Map<Thing, string>();
  const touched = new Set<Thing>();
  return {
    contents: new Map(),
    manifests: new Map(),
    uploads: new Set(),
    doubts: new Set(),
    touched,
    get: (thing) => state.get(thing),
    list(kind, repository) {
      const prefix = `${kind} ${repository} `;
      return [...state.keys()].filter((thing) => thing.startsWith(prefix)).map((thing) => thing.slice(prefix.length));
    },
    repositories: () =>
      [...state.keys()]
        .filter((thing) => thing.startsWith('repository '))
        .map((thing) => thing.slice('repository '.length)),
    apply(changes) {
      for (const [thing, value] of changes) {
        touched.add(thing);
        if (value === undefined) state.delete(thing);
        else state.set(thing, value);
      }
    },
  };
}

/** Everything in a repository goes with it. */
export function removalOfRepository(model: Model, repository: string): Changes {
  const changes = new Map<Thing, Value>([[repositoryThing(repository), undefined]]);
  for (const kind of ['tag', 'image', 'layer'] as const) {
    for (const name of model.list(kind, repository)) changes.set(`${kind} ${repository} ${name}`, undefined);
  }
  return changes;
}

/** An image goes with its tags; its layers stay for their grace period. */
export function removalOfImage(model: Model, repository: string, digest: string): Changes {
  const changes = new Map<Thing, Value>([[imageThing(repository, digest), undefined]]);
  for (const tag of tagsOfImage(model, repository, digest)) changes.set(tagThing(repository, tag), undefined);
  return changes;
}

export function tagsOfImage(model: Model, repository: string, digest: string): string[] {
  return model.list('tag', repository).filter((tag) => model.get(tagThing(repository, tag)) === digest);
}

/** Whether an index of the repository lists this manifest, so that it may not be deleted. */
export function isChild(model: Model, repository: string, digest: string): boolean {
  return model.list('image', repository).some((parent) => model.manifests.get(parent)?.children.includes(digest));
}

/** Whether an image of the repository needs this layer, so that it may not be deleted. */
export function isReferenced(model: Model, repository: string, digest: string): boolean {
  return model.list('image', repository).some((image) => model.manifests.get(image)?.layers.includes(digest));
}

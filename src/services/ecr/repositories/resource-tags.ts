/** Rules for the tags of a repository as a resource (behaviour page, section 17.8). Pure. */
import type { Tag } from '@aws-sdk/client-ecr';
import type { ResourceTag } from '../../../ports/records.ts';
import { invalidTagParameter, tooManyTags } from '../faults.ts';
import { limits } from '../limits.ts';

const maxKeyLength = 128;
const maxValueLength = 256;
const allowed = /^[\p{L}\p{N}\p{Z}+\-=._:/@]*$/u;

/** The tags of a new resource, in the order given. Throws InvalidTagParameter and TooManyTags. */
export function newResourceTags(tags: readonly Tag[]): readonly ResourceTag[] {
  const checked = tags.map(checkTag);
  if (new Set(checked.map(({ Key }) => Key)).size < checked.length) {
    throw invalidTagParameter('Duplicate tag keys found. Please note that Tag keys are case sensitive.');
  }
  return requireRoom(checked);
}

/** Tags after TagResource: a known key gets its new value in its old place. Throws InvalidTagParameter and TooManyTags. */
export function withTags(present: readonly ResourceTag[], tags: readonly Tag[]): readonly ResourceTag[] {
  const merged = new Map(present.map((tag) => [tag.Key, tag]));
  for (const tag of newResourceTags(tags)) merged.set(tag.Key, tag);
  return requireRoom([...merged.values()]);
}

export function withoutTags(present: readonly ResourceTag[], keys: readonly string[]): readonly ResourceTag[] {
  return present.filter(({ Key }) => !keys.includes(Key));
}

function requireRoom(tags: readonly ResourceTag[]): readonly ResourceTag[] {
  if (tags.length > limits.resourceTagsPerRepository) throw tooManyTags(limits.resourceTagsPerRepository);
  return tags;
}

function checkTag({ Key = '', Value = '' }: Tag): ResourceTag {
  if (Key.length === 0 || Key.length > maxKeyLength) {
    throw invalidTagParameter(`Tag keys must have 1 to ${maxKeyLength} characters.`);
  }
  if (Value.length > maxValueLength) {
    throw invalidTagParameter(`Tag values must have at most ${maxValueLength} characters.`);
  }
  if (Key.toLowerCase().startsWith('aws:')) {
    throw invalidTagParameter("Tag keys must not begin with 'aws:', which is reserved.");
  }
  if (!allowed.test(Key) || !allowed.test(Value)) {
    throw invalidTagParameter('Tags may hold letters, digits, spaces and + - = . _ : / @ only.');
  }
  return { Key, Value };
}

/** Content descriptors. https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md */
import { parseDigest } from './digest.ts';
import { ManifestProblem } from './manifest-problem.ts';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Reads one descriptor; members that a registry does not need are not looked at. Throws ManifestProblem. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ManifestProblem('invalid', `${where} must be a descriptor`);
  }
  const { mediaType, digest, size } = value as Record<string, unknown>;
  if (typeof mediaType !== 'string' || mediaType === '') {
    throw new ManifestProblem('invalid', `${where} needs a mediaType`);
  }
  if (typeof digest !== 'string' || parseDigest(digest) === undefined) {
    throw new ManifestProblem('invalid', `${where} needs a digest of sha256 or sha512`);
  }
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw new ManifestProblem('invalid', `${where} needs a size, a whole number of bytes`);
  }
  return { mediaType, digest, size: size as number };
}

/**
 * Reads the list of descriptors at `member`. The member must be there; null stands for an empty list, because Go writes it so.
 * Throws ManifestProblem.
 */
export function parseDescriptors(
  document: Readonly<Record<string, unknown>>,
  member: 'layers' | 'manifests',
  limit: number,
): Descriptor[] {
  const value = document[member];
  if (value === null) return [];
  if (!Array.isArray(value)) throw new ManifestProblem('invalid', `${member} must be a list`);
  if (value.length > limit) throw new ManifestProblem(`too-many-${member}`, `has more than ${limit} ${member}`);
  return value.map((item, index) => parseDescriptor(item, `${member}[${index}]`));
}

/** Content digests. https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests */
import { hash } from 'node:crypto';

export type DigestAlgorithm = 'sha256' | 'sha512';

export interface Digest {
  readonly algorithm: DigestAlgorithm;
  /** Lower case, as long as the algorithm says. */
  readonly hex: string;
  /** `sha256:…`, as it was given. */
  readonly text: string;
}

const sha256Pattern = /^sha256:([a-f0-9]{64})$/;
const sha512Pattern = /^sha512:([a-f0-9]{128})$/;

/** The parts of a digest of a registered algorithm, or undefined when the text is not exactly one. */
export function parseDigest(text: string): Digest | undefined {
  const sha256 = sha256Pattern.exec(text);
  if (sha256 !== null) return { algorithm: 'sha256', hex: sha256[1]!, text };
  const sha512 = sha512Pattern.exec(text);
  if (sha512 !== null) return { algorithm: 'sha512', hex: sha512[1]!, text };
  return undefined;
}

export function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array): string {
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}`;
}

export function sha256Digest(bytes: Uint8Array): string {
  return digestOf('sha256', bytes);
}

/** New access keys in the shape of AWS's, which some clients check. */
import { randomBytes, randomInt } from 'node:crypto';

export interface AccessKeyPair {
  /** AKIA and 16 more of the base32 alphabet, which has no 0, 1, 8 and 9. */
  readonly accessKeyId: string;
  /** 40 characters of base64: 240 random bits. */
  readonly secretAccessKey: string;
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export function newAccessKey(): AccessKeyPair {
  const id = Array.from({ length: 16 }, () => base32[randomInt(base32.length)]).join('');
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString('base64') };
}

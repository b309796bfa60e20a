/** Keeps small secrets readable only with a key: AES-256-GCM, a fresh nonce each time, in one piece of bytes: nonce, text, tag. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;

/** `context` says what the secret belongs to: it cannot be opened as that of something else. */
export function seal(key: Uint8Array, secret: string, context: string): Uint8Array {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** Answers undefined when the bytes were altered, or sealed with another key or for another context. */
export function unseal(key: Uint8Array, sealed: Uint8Array, context: string): string | undefined {
  if (sealed.byteLength < NONCE + TAG) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

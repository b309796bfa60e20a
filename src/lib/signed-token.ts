/** Short texts that only we can have made: `<payload>.<HMAC-SHA256>`, both base64url. They are signed, not secret. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const macBytes = 32;

/** Signs a payload. What it holds can be read by whoever holds the token. */
export function signToken(key: Uint8Array, payload: string | Uint8Array): string {
  const text = Buffer.from(payload as string).toString('base64url');
  return `${text}.${mac(key, text).toString('base64url')}`;
}

/**
 * The payload of a token that was made with this key, else undefined. There is exactly one text for a payload: another
 * spelling of the same base64 is refused, so that a token can be used as a key of a map.
 */
export function verifyToken(key: Uint8Array, token: string): Buffer | undefined {
  const dot = token.indexOf('.');
  if (dot < 0) return undefined;
  const text = token.slice(0, dot);
  const given = decodeExactly(token.slice(dot + 1));
  if (given === undefined || given.length !== macBytes || !timingSafeEqual(given, mac(key, text))) return undefined;
  return decodeExactly(text);
}

function mac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest();
}

function decodeExactly(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

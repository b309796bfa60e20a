/** JSON values to the scalars of a service model, with the words of AWS's front end for a wrong JSON type. */
import { serializationException } from './request-faults.ts';

const maxInteger = 2 ** 31 - 1;
const maxLong = 2 ** 63;

/** The fault for a JSON value where the model has another type. */
export function wrongType(
  value: unknown,
  expected: 'structure' | 'map' | 'list' | 'String' | 'Boolean' | 'Integer' | 'Long' | 'Double' | 'Timestamp' | 'Blob',
) {
  if (Array.isArray(value)) return serializationException('Start of list found where not expected');
  if (typeof value === 'object' && value !== null)
    return serializationException('Start of structure or map found where not expected.');
  if (expected === 'structure' || expected === 'map' || expected === 'list')
    return serializationException('Unexpected field type');
  const article = expected === 'Integer' ? 'an' : 'a';
  return serializationException(`${tokenOf(value)} can not be converted to ${article} ${expected}`);
}

function tokenOf(value: unknown): string {
  switch (value) {
    case true:
      return 'TRUE_VALUE';
    case false:
      return 'FALSE_VALUE';
    default:
      return typeof value === 'string' ? 'STRING_VALUE' : 'NUMBER_VALUE';
  }
}

/** Half a surrogate pair could not be stored as it was sent, so it is no text. */
export function decodeString(value: unknown): string {
  if (typeof value !== 'string') throw wrongType(value, 'String');
  if (!value.isWellFormed()) throw serializationException('A string holds half of a surrogate pair');
  return value;
}

export function decodeBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongType(value, 'Boolean');
}

/** Whole numbers within the type's range, or any finite number for a double. */
export function decodeNumber(type: 'integer' | 'long' | 'double'): (value: unknown) => number {
  const limit = { integer: maxInteger, long: maxLong, double: Number.MAX_VALUE }[type];
  const name = { integer: 'Integer', long: 'Long', double: 'Double' }[type] as 'Integer' | 'Long' | 'Double';
  return (value) => {
    if (typeof value !== 'number' || Math.abs(value) > limit) throw wrongType(value, name);
    if (type !== 'double' && !Number.isInteger(value)) throw wrongType(value, name);
    return value;
  };
}

/** Epoch seconds, with a fraction. */
export function decodeTimestamp(value: unknown): Date {
  const date = new Date(typeof value === 'number' ? value * 1000 : Number.NaN);
  if (Number.isNaN(date.getTime())) throw wrongType(value, 'Timestamp');
  return date;
}

/**
 * Standard base64 with padding. Node leaves out what is not base64, so a length that is not the expected one tells that there
 * was such a thing; only `-` and `_`, which it takes too, have to be looked for. An edge that has already decoded the blob
 * hands it in as bytes.
 */
export function decodeBlob(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') throw wrongType(value, 'Blob');
  const bytes = decodeBase64(value);
  if (bytes === undefined) throw serializationException('A blob has to be base64 text');
  return bytes;
}

/** The bytes of base64 text, or undefined when it is not exactly that. */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === (text.length / 4) * 3 - padding ? bytes : undefined;
}

/** An operation's output as AWS JSON 1.1: times as epoch seconds with milliseconds, absent members left out. */

export function encodeOutput(output: unknown): string {
  return JSON.stringify(encode(output));
}

function encode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(encode);
  const encoded: Record<string, unknown> = {};
  for (const name in value) encoded[name] = encode((value as Record<string, unknown>)[name]);
  return encoded;
}

/**
 * Looks for what JSON.parse hides: keys that stand twice in one object (two readers of the same bytes would see different
 * images) and nesting without end. One pass over the text, linear, no recursion.
 */

export type JsonFlaw = { readonly kind: 'duplicate-key'; readonly key: string } | { readonly kind: 'too-deep' };

const quote = 0x22;
const backslash = 0x5c;

/** The first flaw, or undefined. Judges nothing else: text that is not JSON is left for JSON.parse to refuse. */
export function findJsonFlaw(text: string, maxDepth: number): JsonFlaw | undefined {
  /** Keys of every open object; undefined stands for an open array. */
  const open: (Set<string> | undefined)[] = [];
  let keyComesNext = false;
  for (let at = 0; at < text.length; at += 1) {
    switch (text[at]) {
      case '{':
      case '[':
        if (open.length === maxDepth) return { kind: 'too-deep' };
        keyComesNext = text[at] === '{';
        open.push(keyComesNext ? new Set() : undefined);
        break;
      case '}':
      case ']':
        open.pop();
        keyComesNext = false;
        break;
      case ',':
        keyComesNext = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (keyComesNext) {
          const key = unescaped(text.slice(at, end + 1));
          const keys = open.at(-1);
          if (keys?.has(key)) return { kind: 'duplicate-key', key };
          keys?.add(key);
          keyComesNext = false;
        }
        at = end;
        break;
      }
    }
  }
  return undefined;
}

/** Where the string that begins at `start` has its closing quote; the end of the text when it has none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at;
  }
  return text.length;
}

/** A key as JSON.parse will read it, so that `"a"` and `"\u0061"` are the same. */
function unescaped(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal; // not JSON: refused later
  }
}

/** What nodes tell each other through NOTIFY, as text. */
import type { MetadataChange } from '../../../ports/metadata.ts';

/** Every node hears it. */
export const changesChannel = 'longshore_changes';
/** One node hears it. */
export const nodeChannel = (nodeId: string): string => `longshore_node_${nodeId}`;

export type FeedMessage =
  /** I am here; the node `replaces`, if any, was me before. */
  | { readonly verb: 'hello'; readonly from: string; readonly replaces?: string | undefined }
  /** I am about to commit this: answer it from memory no more, and tell me so. */
  | { readonly verb: 'begin'; readonly from: string; readonly number: number; readonly change: MetadataChange }
  /** Sent by the commit itself. */
  | { readonly verb: 'committed'; readonly from: string; readonly number: number; readonly change: MetadataChange }
  /** It was not committed after all, as far as I know. */
  | { readonly verb: 'ended'; readonly from: string; readonly number: number }
  | { readonly verb: 'bye'; readonly from: string }
  /** To one node: I answer it from memory no more. */
  | { readonly verb: 'ack'; readonly from: string; readonly number: number }
  /** To one node: I ask you, too, before I commit. */
  | { readonly verb: 'welcome'; readonly from: string };

/** PostgreSQL takes 8,000 bytes at a time, and an id has up to 16 digits. */
const maxIds = 400;

/** What a transaction changed, as caches are told; so many repositories that they would not fit are everything. */
export function toMetadataChange(changes: ReadonlySet<number | 'everything'>): MetadataChange {
  if (changes.has('everything') || changes.size > maxIds) return { kind: 'everything' };
  return { kind: 'repositories', ids: new Set(changes as ReadonlySet<number>) };
}

/** Only letters, digits, spaces, commas and `*`, so that it may stand in SQL as it is. */
export function encodeMessage(message: FeedMessage): string {
  const words: (string | number)[] = [message.verb, message.from];
  if ('number' in message) words.push(message.number);
  if ('change' in message) words.push(encodeChange(message.change));
  if (message.verb === 'hello' && message.replaces !== undefined) words.push(message.replaces);
  return words.join(' ');
}

/** Answers undefined for what this version does not understand: a newer one may say more. */
export function decodeMessage(text: string): FeedMessage | undefined {
  const [verb, from, third, fourth] = text.split(' ');
  if (from === undefined || !/^[0-9a-f]+$/.test(from)) return undefined;
  const number = Number(third);
  const change = fourth === undefined ? undefined : decodeChange(fourth);
  switch (verb) {
    case 'hello':
      return { verb, from, replaces: third };
    case 'bye':
    case 'welcome':
      return { verb, from };
    case 'ended':
    case 'ack':
      return Number.isSafeInteger(number) ? { verb, from, number } : undefined;
    case 'begin':
    case 'committed':
      return Number.isSafeInteger(number) && change !== undefined ? { verb, from, number, change } : undefined;
    default:
      return undefined;
  }
}

const encodeChange = (change: MetadataChange): string =>
  change.kind === 'everything' ? '*' : [...change.ids].join(',');

function decodeChange(text: string): MetadataChange | undefined {
  if (text === '*') return { kind: 'everything' };
  const ids = new Set(text.split(',').map(Number));
  return [...ids].every(Number.isSafeInteger) ? { kind: 'repositories', ids } : undefined;
}

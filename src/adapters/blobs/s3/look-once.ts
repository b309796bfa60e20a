/** Looks at objects, when an image of many layers is pushed or pulled: a few requests at a time, one for all who ask for the same at once. */
import type { Look, S3Store } from './s3-store.ts';

const AT_ONCE = 32;

/** Answers `S3Store.look` with these bounds. */
export function createLooks(s3: Pick<S3Store, 'look'>): S3Store['look'] {
  const underWay = new Map<string, Promise<Look | undefined>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  async function look(location: string): Promise<Look | undefined> {
    if (running >= AT_ONCE) await new Promise<void>((go) => waiting.push(go));
    else running++;
    // From now on others must ask anew: whoever asks later may not be answered from before.
    underWay.delete(location);
    try {
      return await s3.look(location);
    } finally {
      // The place goes straight to whoever waits longest.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  }

  return (location) => {
    const shared = underWay.get(location);
    if (shared) return shared;
    const asked = look(location);
    underWay.set(location, asked);
    return asked;
  };
}

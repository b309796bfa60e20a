/** Looks at objects, when an image of many layers is pushed or pulled: a few requests at a time, one for all who ask for the same at once. */
import type { Look, S3Store } from './s3-store.ts';

const AT_ONCE = 32;

/** Answers `S3Store.look` with these bounds. */
export function createLooks(s3: Pick<S3Store, 'look'>): S3Store['look'] {
  const asked = new Map<string, Promise<Look | undefined>>();
  const waiting: (() => void)[] = [];
  let running = 0;

  async function look(location: string): Promise<Look | undefined> {
    if (running >= AT_ONCE) {
      await new Promise<void>((go) => waiting.push(go));
    } else {
      running++;
      // All that an image's manifest asks for at once comes before this goes on.
      await Promise.resolve();
    }
    // Whoever asks from now on may not be answered from before, and must ask anew.
    asked.delete(location);
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
    const shared = asked.get(location);
    if (shared) return shared;
    const answer = look(location);
    asked.set(location, answer);
    return answer;
  };
}

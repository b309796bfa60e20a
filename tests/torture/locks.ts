/**
 * Keeps two clients of the load from changing the same thing at once, so that the model always knows what must be there.
 * A client that cannot have its locks does something else: nobody waits, so nothing can dead-lock.
 */

export interface Locks {
  /** Takes all of them or none. Answers what gives them back, once. */
  take(wanted: { readonly change?: readonly string[]; readonly keep?: readonly string[] }): (() => void) | undefined;
}

export function createLocks(): Locks {
  const changing = new Set<string>();
  const keeping = new Map<string, number>();
  return {
    take({ change = [], keep = [] }) {
      const changes = new Set(change);
      const keeps = [...new Set(keep)].filter((thing) => !changes.has(thing));
      for (const thing of changes) if (changing.has(thing) || keeping.has(thing)) return undefined;
      for (const thing of keeps) if (changing.has(thing)) return undefined;
      for (const thing of changes) changing.add(thing);
      for (const thing of keeps) keeping.set(thing, (keeping.get(thing) ?? 0) + 1);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        for (const thing of changes) changing.delete(thing);
        for (const thing of keeps) {
          const left = keeping.get(thing)! - 1;
          if (left === 0) keeping.delete(thing);
          else keeping.set(thing, left);
        }
      };
    },
  };
}

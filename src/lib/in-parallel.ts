/** Runs the same work for many things, a few at a time, without holding more of them than are under way. */

/**
 * Calls `work` for each item, at most `atOnce` at a time, and yields what it answers as it comes, in no order. When one rejects (or the
 * consumer leaves), no further ones are begun, those under way are waited for, and then that rejection is thrown.
 */
export async function* inParallel<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const running = new Set<Promise<void>>();
  const done: Result[] = [];
  let failure: { readonly error: unknown } | undefined;

  function begin(item: Item): void {
    const one = work(item)
      .then(
        (result) => void done.push(result),
        (error: unknown) => {
          failure ??= { error };
        },
      )
      .finally(() => running.delete(one));
    running.add(one);
  }

  try {
    for await (const item of items) {
      begin(item);
      while (running.size >= atOnce) await Promise.race(running);
      yield* done.splice(0);
      if (failure !== undefined) break;
    }
    while (running.size > 0 && failure === undefined) {
      await Promise.race(running);
      yield* done.splice(0);
    }
  } finally {
    await Promise.all(running);
  }
  if (failure !== undefined) throw failure.error;
  yield* done.splice(0);
}

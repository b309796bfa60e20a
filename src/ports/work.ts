/**
 * A unit of database work, written once for every database (docs/decisions/0002-work-as-generators.md).
 *
 * A function that reads or writes metadata is a generator: it yields what it wants to ask and is handed the rows. Services
 * only ever write `yield*`. SQLite drives a unit of work to its end without giving up the thread, so that nothing can come
 * between its steps and many units share one commit; PostgreSQL drives the same code with an await at every step.
 *
 *     const repository = yield* tx.repositories.find(registry, name);
 *
 * Because a unit of work may be run again after a conflict, it must have no effects besides its `tx`.
 */
// biome-ignore lint/suspicious/noExplicitAny: what an engine answers to a step is known only to the step that asked.
export type Work<T> = Generator<unknown, T, any>;

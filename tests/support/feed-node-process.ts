/** A FeedNode in a process of its own, which a test may stop and kill; it does what messages ask. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { FeedTiming } from '../../src/adapters/sql/postgres/change-feed.ts';
import { openFeedNode } from './feed-node.ts';

export interface FeedNodeProcess {
  read(id: number): Promise<number>;
  increment(id: number): Promise<number>;
  /** How many reads were answered from memory. */
  remembered(): Promise<number>;
  /** Stops it where it stands, or lets it go on. */
  stop(): void;
  goOn(): void;
  /** Ends it, at once; resolves when it is gone. */
  kill(): Promise<void>;
}

interface Question {
  readonly number: number;
  readonly what: 'read' | 'increment' | 'remembered';
  readonly id: number;
}

interface Answer {
  readonly number: number;
  readonly value?: number;
  readonly error?: string;
}

/** Resolves when the node is known to all others. */
export async function startFeedNode(url: string, timing: Partial<FeedTiming>): Promise<FeedNodeProcess> {
  const child = fork(import.meta.filename, [url, JSON.stringify(timing)]);
  const waiting = new Map<number, { resolve: (value: number) => void; reject: (reason: Error) => void }>();
  const started = Promise.withResolvers<number>();
  waiting.set(0, started);
  let lastNumber = 0;
  child.on('message', ({ number, value, error }: Answer) => {
    const asked = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) asked?.resolve(value!);
    else asked?.reject(new Error(error));
  });
  // Also said of a message that could not be sent, because the process has just ended.
  child.on('error', () => undefined);
  child.once('exit', () => {
    for (const asked of waiting.values()) asked.reject(new Error('The process of the node has ended.'));
  });
  await started.promise;

  function ask(what: Question['what'], id = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      const number = ++lastNumber;
      waiting.set(number, { resolve, reject });
      child.send({ number, what, id } satisfies Question, (error) => {
        if (error) reject(error);
      });
    });
  }

  return {
    read: (id) => ask('read', id),
    increment: (id) => ask('increment', id),
    remembered: () => ask('remembered'),
    stop: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function serve(url: string, timing: Partial<FeedTiming>): Promise<void> {
  const node = await openFeedNode(url, { timing });
  const say = (answer: Answer) => process.send!(answer);
  process.on('message', ({ number, what, id }: Question) => {
    const value = what === 'remembered' ? Promise.resolve(node.remembered()) : node[what](id);
    value.then(
      (found) => say({ number, value: found }),
      (error) => say({ number, error: String(error) }),
    );
  });
  process.once('disconnect', () => process.exit());
  say({ number: 0, value: 0 });
}

if (import.meta.main && process.send !== undefined) {
  await serve(process.argv[2]!, JSON.parse(process.argv[3]!) as Partial<FeedTiming>);
}

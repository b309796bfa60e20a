/**
 * Hashing off the main thread: one worker for all large uploads (sha256 takes 1.8 GB/s of one core, more than one node:http
 * server can receive), started when the first one comes. A worker that dies takes the running digests with it: what waits is
 * rejected with BlobStoreUnavailable, and the next upload starts another worker.
 */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BlobStoreUnavailable, type DigestAlgorithm } from '../../../ports/blob-store.ts';
import type { Block } from './blocks.ts';
import type { HashingAnswer, HashingRequest } from './hashing-worker.ts';

/** The hash of bytes that are still coming, kept by the worker. */
export interface WorkerHash {
  /** Adds the first `length` bytes of the block; the block may be changed when this has resolved. */
  update(block: Block, length: number): Promise<void>;
  /** The digest, in hex, of what was added so far. More may be added afterwards. */
  peek(): Promise<string>;
  /** False when the worker that kept it died. */
  readonly alive: boolean;
  /** Lets the worker forget it. */
  end(): void;
}

export interface Hashing {
  begin(algorithm: DigestAlgorithm): WorkerHash;
  /** The worker may forget this block. */
  drop(block: Block): void;
  /** Ends the worker. */
  close(): Promise<void>;
}

interface Running {
  readonly worker: Worker;
  /** Who waits for an answer, in the order in which they asked: the worker answers in the same. */
  readonly waiting: { resolve: (answer: HashingAnswer) => void; reject: (error: Error) => void }[];
  readonly knownBlocks: Set<number>;
  dead: boolean;
}

/** The worker runs from source in a clone and from compiled JavaScript in the published package. */
const WORKER_FILE = new URL(
  `./hashing-worker${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
);

export function createHashing(workerFile: URL = WORKER_FILE): Hashing {
  let running: Running | undefined;
  let nextHash = 0;

  function start(): Running {
    // It holds hash states and nothing else: a small heap keeps an idle server small.
    const worker = new Worker(workerFile, {
      name: 'hashing',
      // Flags of the main thread (--input-type, --test…) may be refused for a worker.
      execArgv: [],
      env: workerEnvironment(),
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    });
    const started: Running = { worker, waiting: [], knownBlocks: new Set(), dead: false };
    worker.unref();
    worker.on('message', (answer: HashingAnswer) => {
      const asker = started.waiting.shift();
      if (started.waiting.length === 0) worker.unref();
      asker?.resolve(answer);
    });
    const died = (cause: unknown) => {
      started.dead = true;
      if (running === started) running = undefined;
      const error = new BlobStoreUnavailable('The hashing thread of the blob store ended.', { cause });
      for (const asker of started.waiting.splice(0)) asker.reject(error);
    };
    worker.on('error', died);
    worker.on('exit', (code) => died(new Error(`exit code ${code}`)));
    return started;
  }

  function ask(of: Running, request: HashingRequest): Promise<HashingAnswer> {
    if (of.dead) return Promise.reject(new BlobStoreUnavailable('The hashing thread of the blob store ended.'));
    return new Promise((resolve, reject) => {
      if (of.waiting.length === 0) of.worker.ref();
      of.waiting.push({ resolve, reject });
      of.worker.postMessage(request);
    });
  }

  return {
    begin(algorithm) {
      running ??= start();
      const keeper = running;
      const hash = nextHash++;
      keeper.worker.postMessage({ do: 'begin', hash, algorithm } satisfies HashingRequest);
      return {
        async update(block, length) {
          const shared = keeper.knownBlocks.has(block.id) ? undefined : block.shared;
          keeper.knownBlocks.add(block.id);
          await ask(keeper, { do: 'update', hash, block: block.id, length, shared });
        },
        async peek() {
          return String(await ask(keeper, { do: 'peek', hash }));
        },
        get alive() {
          return !keeper.dead;
        },
        end() {
          if (!keeper.dead) keeper.worker.postMessage({ do: 'end', hash } satisfies HashingRequest);
        },
      };
    },
    drop(block) {
      if (running?.knownBlocks.delete(block.id)) {
        running.worker.postMessage({ do: 'drop', block: block.id } satisfies HashingRequest);
      }
    },
    async close() {
      const last = running;
      running = undefined;
      await last?.worker.terminate();
    },
  };
}

/**
 * The compile cache of the process holds the worker's code, too. Unlike the process a worker finds it by its environment only, and without it
 * loads a TypeScript compiler of its own when run from source: 10 MB.
 */
function workerEnvironment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir();
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) };
}

/**
 * The layers of a backup: `layers/<algorithm>/<two digits>/<hex>`, so that `sha256sum` on a file must print its name. Written once, never
 * changed.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { BackupLayer, BackupPlace } from '../../ports/backup-place.ts';
import { DigestMismatch } from '../../ports/blob-store.ts';
import {
  BLOCK_BYTES,
  digestOfFile,
  ensureDirectory,
  isAbsence,
  namesIn,
  sizeOfFile,
  syncPath,
  writeDurably,
} from './durable-files.ts';

const DIGEST = /^(?:(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128}))$/;

type LayerCalls = Pick<
  BackupPlace,
  'hasLayer' | 'verifyLayer' | 'writeLayer' | 'readLayer' | 'listLayers' | 'removeLayer'
>;

export interface BackupLayers extends LayerCalls {
  /** Makes the names of all layers that were written durable. */
  sync(): Promise<void>;
}

/** `staging` is a directory of the same file system for what is not whole yet. */
export function backupLayers(directory: string, staging: string): BackupLayers {
  /** Directories with new names in them. Synced together: there are 256, whatever the number of layers. */
  const unsynced = new Set<string>();
  const known = new Set<string>();

  async function writeLayer(layer: BackupLayer, source: Readable): Promise<void> {
    const { algorithm, path } = placeOf(directory, layer.digest);
    const parent = dirname(path);
    if (!known.has(parent)) await ensureDirectory(parent);
    known.add(parent);
    await writeDurably(path, staging, checked(layer, algorithm, source));
    unsynced.add(parent);
  }

  return {
    writeLayer,
    hasLayer: async ({ digest, size }) => (await sizeOfFile(placeOf(directory, digest).path)) === size,
    async verifyLayer({ digest, size }) {
      const { algorithm, path } = placeOf(directory, digest);
      if ((await sizeOfFile(path)) !== size) return false;
      return `${algorithm}:${await digestOfFile(path, algorithm)}` === digest;
    },
    async readLayer({ digest, size }) {
      const { path } = placeOf(directory, digest);
      return (await sizeOfFile(path)) === size ? createReadStream(path, { highWaterMark: BLOCK_BYTES }) : undefined;
    },
    async *listLayers() {
      for (const algorithm of await namesIn(directory)) {
        for (const shelf of await namesIn(join(directory, algorithm))) {
          const names = await namesIn(join(directory, algorithm, shelf));
          yield names.map((hex) => `${algorithm}:${hex}`).filter((digest) => DIGEST.test(digest));
        }
      }
    },
    async removeLayer(digest) {
      await unlink(placeOf(directory, digest).path).catch((error: unknown) => {
        if (!isAbsence(error)) throw error;
      });
    },
    async sync() {
      for (const parent of unsynced) await syncPath(parent);
      unsynced.clear();
    },
  };
}

/** Passes the source on and throws DigestMismatch at its end when it was not the layer. */
async function* checked(
  { digest, size }: BackupLayer,
  algorithm: string,
  source: Readable,
): AsyncGenerator<Uint8Array> {
  const hash = createHash(algorithm);
  let got = 0;
  for await (const chunk of source as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    got += chunk.byteLength;
    yield chunk;
  }
  const actual = `${algorithm}:${hash.digest('hex')}`;
  if (actual !== digest || got !== size) throw new DigestMismatch(actual);
}

/** Throws a TypeError for what is no digest: nothing else may become part of a path. */
function placeOf(directory: string, digest: string): { algorithm: string; path: string } {
  const [, sha256, hex256, sha512, hex512] = DIGEST.exec(digest) ?? [];
  const algorithm = sha256 ?? sha512;
  const hex = hex256 ?? hex512;
  if (algorithm === undefined || hex === undefined) throw new TypeError('Not a sha256 or sha512 digest.');
  return { algorithm, path: join(directory, algorithm, hex.slice(0, 2), hex) };
}

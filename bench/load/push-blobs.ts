/** Pushes of large fresh blobs, in chunks of 32 KiB as Go's client frames them. */
import { createHash, randomBytes } from 'node:crypto';
import { type PushBlobPlan, portOf } from './plan.ts';
import { pushLayer } from './push-layer.ts';
import { openRawConnection } from './raw-connection.ts';
import type { Tally } from './tally.ts';

const BLOCK = 1 << 20;
const CHUNK = 32 << 10;
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

interface PreparedBlob {
  readonly digest: string;
  readonly pieces: () => Iterable<Uint8Array>;
}

export async function pushBlobs(plan: PushBlobPlan, tally: Tally): Promise<void> {
  const common = randomBytes(BLOCK);
  const blobs = Array.from({ length: plan.times }, (_, index) =>
    prepare(common, `${plan.salt} ${index}`, plan.size),
  ).values();
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, (_, at) => openRawConnection(portOf(plan, at))),
  );
  const target = { port: plan.port, authorization: plan.authorization, repository: plan.repository };
  tally.start();
  await Promise.all(
    connections.map(async (connection) => {
      for (const blob of blobs) {
        const startedAt = performance.now();
        try {
          await pushLayer(connection, target, blob.digest, blob.pieces(), 'chunked');
          tally.done(startedAt, plan.size);
        } catch (error) {
          tally.failed(String(error));
        }
      }
      connection.close();
    }),
  );
}

/** A first block of its own, then the same block again and again: what differs costs the load nothing while the clock runs. */
function prepare(common: Buffer, name: string, size: number): PreparedBlob {
  const first = Buffer.from(common);
  createHash('sha512').update(name).digest().copy(first);
  const hash = createHash('sha256').update(first.subarray(0, Math.min(size, BLOCK)));
  for (let at = BLOCK; at < size; at += BLOCK) hash.update(common.subarray(0, Math.min(size - at, BLOCK)));
  const framedCommon = frame(common);
  return {
    digest: `sha256:${hash.digest('hex')}`,
    *pieces() {
      yield frame(first.subarray(0, Math.min(size, BLOCK)));
      for (let at = BLOCK; at < size; at += BLOCK) {
        yield size - at >= BLOCK ? framedCommon : frame(common.subarray(0, size - at));
      }
      yield LAST_CHUNK;
    },
  };
}

function frame(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const chunk = bytes.subarray(at, at + CHUNK);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

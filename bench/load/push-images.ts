/** Pushes of small fresh images, one after another on every connection. */
import { createHash } from 'node:crypto';
import { contentSlice } from '../../tests/black-box/content.ts';
import { type PushImagePlan, portOf } from './plan.ts';
import { pushLayer } from './push-layer.ts';
import { openRawConnection, type RawConnection } from './raw-connection.ts';
import { requestHead } from './request-head.ts';
import type { Tally } from './tally.ts';

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

export async function pushImages(plan: PushImagePlan, tally: Tally): Promise<void> {
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, (_, at) => openRawConnection(portOf(plan, at))),
  );
  tally.start();
  const end = performance.now() + plan.seconds * 1000;
  await Promise.all(
    connections.map(async (connection, client) => {
      for (let count = 0; performance.now() < end; count += 1) {
        const repository = plan.repositories[client % plan.repositories.length]!;
        const startedAt = performance.now();
        try {
          tally.done(startedAt, await pushImage(connection, plan, repository, `${plan.salt}-${client}-${count}`));
        } catch (error) {
          tally.failed(String(error));
          return;
        }
      }
      connection.close();
    }),
  );
}

async function pushImage(
  connection: RawConnection,
  plan: PushImagePlan,
  repository: string,
  name: string,
): Promise<number> {
  const { port, authorization } = plan;
  const layers = Array.from({ length: plan.layers }, (_, index) => content(`${name} layer ${index}`, plan.layerSize));
  const config = content(`${name} config`, 1500);
  for (const { digest, bytes } of [...layers, config]) {
    const path = `/v2/${repository}/blobs/${digest}`;
    const head = await connection.exchange(requestHead({ method: 'HEAD', path }, port, authorization));
    if (head.status === 404) {
      await pushLayer(connection, { port, authorization, repository }, digest, [bytes], bytes.length);
    } else if (head.status !== 200) throw new Error(head.head);
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      config: describe(config, 'application/vnd.oci.image.config.v1+json'),
      layers: layers.map((layer) => describe(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
    }),
  );
  const put = { method: 'PUT', path: `/v2/${repository}/manifests/${name}`, headers: { 'content-type': IMAGE } };
  const answer = await connection.exchange(requestHead(put, port, authorization, manifest.length), [manifest]);
  if (answer.status !== 201) throw new Error(answer.head);
  return [config, ...layers].reduce((sum, { bytes }) => sum + bytes.length, manifest.length);
}

function content(name: string, size: number): { digest: string; bytes: Buffer } {
  const bytes = contentSlice({ name, size });
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

function describe({ digest, bytes }: { digest: string; bytes: Buffer }, mediaType: string) {
  return { mediaType, digest, size: bytes.length };
}

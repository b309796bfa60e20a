/** Fills a repository with tags of different images that share one layer: the dearest part of a registry is their number. */
import { type Content, contentSlice, makeContent, sha256Digest } from '../../tests/black-box/content.ts';
import type { RawRequest } from '../load/plan.ts';
import { pushLayer } from '../load/push-layer.ts';
import { openRawConnection } from '../load/raw-connection.ts';
import type { RowContext } from './row.ts';

const IMAGE = 'application/vnd.oci.image.manifest.v1+json';

/** About 1 KB, as the manifest of a small image has. */
export function makeManifest(name: string, config: string, layer: string): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: 1500 },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer, size: 4096 }],
      annotations: { 'org.opencontainers.image.title': name, padding: 'p'.repeat(500) },
    }),
  );
}

/** Puts images `first` to `first + count - 1` under tags `t000000…`. Answers the digest of the last one. */
export async function seedManifests(
  context: RowContext,
  repository: string,
  count: number,
  first = 0,
): Promise<string> {
  const [config, layer] = await pushLayers(context, repository);
  let last = '';
  const batch = 5_000;
  for (let at = first; at < first + count; at += batch) {
    const requests: RawRequest[] = [];
    for (let index = at; index < Math.min(at + batch, first + count); index += 1) {
      const bytes = makeManifest(tagOf(index), config.digest, layer.digest);
      last = sha256Digest(bytes);
      const path = `/v2/${repository}/manifests/${tagOf(index)}`;
      requests.push({ method: 'PUT', path, headers: { 'content-type': IMAGE }, body: bytes.toString() });
    }
    const { port } = context.server();
    await context.prepare({ kind: 'list', port, connections: 16, requests, ...authorizationOf(context) });
  }
  return last;
}

/** The config and the layer that all seeded images share. */
export async function pushLayers(context: RowContext, repository: string): Promise<readonly [Content, Content]> {
  const contents = [makeContent('bench config', 1500), makeContent('bench layer', 4096)] as const;
  for (const content of contents) await pushWhole(context, repository, content.digest, contentSlice(content));
  return contents;
}

export function tagOf(index: number): string {
  return `t${String(index).padStart(6, '0')}`;
}

/** Brings one layer in, outside of any measurement. Throws when the server refuses it. */
export async function pushWhole(context: RowContext, repository: string, digest: string, bytes: Buffer): Promise<void> {
  const { port } = context.server();
  const connection = await openRawConnection(port);
  const target = { port, repository, authorization: context.authorization() };
  await pushLayer(connection, target, digest, [bytes], bytes.length);
  connection.close();
}

/** For spreading into a plan: the member is left out where there is no authorization. */
export function authorizationOf(context: RowContext): { authorization?: string } {
  const authorization = context.authorization();
  return authorization === undefined ? {} : { authorization };
}

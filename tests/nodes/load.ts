/**
 * What a company's clients do all day, through a load balancer: push as docker does, pull what was pushed, ask the API. Every answer is judged:
 * a tag never answers an image older than the last one whose push was acknowledged before the question.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Content, contentSlice, makeContent, sha256Digest } from '../black-box/content.ts';
import { createJudgedClient, type JudgedClientOptions, type Tally } from './judged-client.ts';

export interface LoadOptions extends JudgedClientOptions {
  /** First part of the names of repositories. */
  readonly team: string;
  /** Each pushes to a repository of its own, and has two readers. */
  readonly pushers: number;
}

export interface LoadReport extends Readonly<Tally> {
  readonly pushed: number;
  readonly pulled: number;
}

export interface Load {
  report(): LoadReport;
  /** Ends the loops; then reads back everything that was acknowledged. */
  finish(): Promise<LoadReport>;
  /** Ends the loops wherever they are. */
  abandon(): void;
}

interface Pushed {
  readonly digest: string;
  readonly manifest: Buffer;
  readonly layers: readonly Content[];
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const AGAIN_MS = 200;

/** Makes the repositories and begins. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { tally, call, callOnce, api, expect, close } = createJudgedClient(options);
  let pulled = 0;
  const histories: Pushed[][] = [];
  /** Pushes whose answer never came: they may or may not have been done. */
  const unsure = new Map<string, string>();
  let ending = false;

  const loops: Promise<void>[] = [];
  for (let index = 0; index < options.pushers; index++) {
    const repository = `${options.team}/app-${index}`;
    expect('CreateRepository', await api('CreateRepository', { repositoryName: repository }), 200);
    const history: Pushed[] = [];
    histories.push(history);
    loops.push(push(repository, history), pull(repository, history), pull(repository, history));
  }
  loops.push(ask());

  async function push(repository: string, history: Pushed[]): Promise<void> {
    for (let turn = 0; !ending; turn++) {
      const layers = [
        makeContent(`${repository} ${turn} config`, 500),
        makeContent(`${repository} ${turn} layer`, 20_000),
      ];
      // Now and then a layer of more than one part.
      if (turn % 12 === 0) layers.push(makeContent(`${repository} ${turn} large`, 6 * 2 ** 20));
      if (await pushed(repository, layers, history)) continue;
      // The user says `docker push` once more.
      await sleep(AGAIN_MS);
    }
  }

  async function pushed(repository: string, layers: readonly Content[], history: Pushed[]): Promise<boolean> {
    for (const layer of layers) if (!(await pushLayer(repository, layer))) return false;
    const descriptors = layers.map(({ digest, size }, index) => ({
      mediaType: `application/vnd.oci.image.${index === 0 ? 'config.v1+json' : 'layer.v1.tar'}`,
      digest,
      size,
    }));
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config: descriptors[0], layers: descriptors.slice(1) }),
    );
    const path = `/v2/${repository}/manifests/latest`;
    unsure.set(repository, sha256Digest(manifest));
    const answer = await call({ method: 'PUT', path, headers: { 'content-type': MANIFEST }, body: manifest });
    if (!expect(`PUT ${path}`, answer, 201)) return false;
    unsure.delete(repository);
    history.push({ digest: sha256Digest(manifest), manifest, layers });
    return true;
  }

  async function pushLayer(repository: string, layer: Content): Promise<boolean> {
    const head = await call({ method: 'HEAD', path: `/v2/${repository}/blobs/${layer.digest}` });
    if (head?.status === 200) return true;
    if (!expect('HEAD of a layer', head, 404)) return false;
    const begun = await call({ method: 'POST', path: `/v2/${repository}/blobs/uploads/` });
    if (!expect('POST of an upload', begun, 202)) return false;
    const octets = { 'content-type': 'application/octet-stream' };
    // Docker begins anew when a chunk fails; it is never sent twice.
    const patched = await callOnce({
      method: 'PATCH',
      path: begun?.headers.location as string,
      headers: octets,
      body: contentSlice(layer),
    });
    if (!expect('PATCH of an upload', patched, 202)) return false;
    const location = patched?.headers.location as string;
    const closing = `${location}${location.includes('?') ? '&' : '?'}digest=${layer.digest}`;
    const closed = await call({ method: 'PUT', path: closing, headers: octets });
    // After a lost answer the upload may be closed already; the next look at the layer says so.
    if (closed?.status === 404 && options.retries() > 0) return false;
    return expect('PUT of an upload', closed, 201);
  }

  async function pull(repository: string, history: Pushed[]): Promise<void> {
    while (!ending) {
      const acknowledged = history.length;
      if (acknowledged === 0) {
        await sleep(20);
        continue;
      }
      const answer = await call({
        method: 'GET',
        path: `/v2/${repository}/manifests/latest`,
        headers: { accept: MANIFEST },
      });
      if (!expect('GET of a tag', answer, 200)) continue;
      const digest = sha256Digest(answer?.body as Buffer);
      const stale = history.slice(0, acknowledged - 1).some((older) => older.digest === digest);
      if (stale) tally.wrong.push(`${repository}:latest answered an image that had been replaced`);
      await pullLayers(repository, answer?.body as Buffer);
      pulled++;
    }
  }

  async function pullLayers(repository: string, manifest: Buffer): Promise<void> {
    const { config, layers } = JSON.parse(manifest.toString()) as Record<'config', { digest: string }> & {
      layers: { digest: string }[];
    };
    for (const { digest } of [config, ...layers]) {
      const answer = await call({ method: 'GET', path: `/v2/${repository}/blobs/${digest}` });
      if (expect(`GET of layer ${digest}`, answer, 200) && sha256Digest(answer?.body as Buffer) !== digest)
        tally.wrong.push(`${digest} came with other bytes`);
    }
  }

  async function ask(): Promise<void> {
    while (!ending) {
      expect('GetAuthorizationToken', await api('GetAuthorizationToken', {}), 200);
      const seen = histories[0]?.length ?? 0;
      const digests = new Set<string>();
      let nextToken: string | undefined;
      do {
        const page = await api('ListImages', {
          repositoryName: `${options.team}/app-0`,
          maxResults: 3,
          ...(nextToken && { nextToken }),
        });
        if (!expect('ListImages', page, 200)) break;
        for (const { imageDigest } of page?.output.imageIds ?? []) digests.add(imageDigest);
        nextToken = page?.output.nextToken;
        if (nextToken === undefined && digests.size < seen)
          tally.wrong.push(`ListImages told of ${digests.size} images, ${seen} were acknowledged`);
      } while (nextToken !== undefined && !ending);
      await sleep(20);
    }
  }

  const report = (): LoadReport => ({
    ...tally,
    failed: [...tally.failed],
    wrong: [...tally.wrong],
    pushed: histories.reduce((sum, history) => sum + history.length, 0),
    pulled,
  });
  return {
    report,
    async finish() {
      ending = true;
      await Promise.all(loops);
      for (const [index, history] of histories.entries()) await readBack(`${options.team}/app-${index}`, history);
      close();
      return report();
    },
    abandon() {
      ending = true;
      close();
    },
  };

  async function readBack(repository: string, history: readonly Pushed[]): Promise<void> {
    for (const { digest, manifest } of history) {
      const answer = await call({
        method: 'GET',
        path: `/v2/${repository}/manifests/${digest}`,
        headers: { accept: MANIFEST },
      });
      if (!expect(`GET of ${digest}`, answer, 200)) continue;
      if (!answer?.body.equals(manifest)) tally.wrong.push(`${digest} came with other bytes`);
      await pullLayers(repository, manifest);
    }
    const last = history.at(-1);
    const tag = await call({
      method: 'HEAD',
      path: `/v2/${repository}/manifests/latest`,
      headers: { accept: MANIFEST },
    });
    const told = tag?.headers['docker-content-digest'];
    if (last !== undefined && told !== last.digest && told !== unsure.get(repository))
      tally.wrong.push(`${repository}:latest is not the last image that was acknowledged`);
  }
}

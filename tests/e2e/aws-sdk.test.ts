/** The AWS SDK for JavaScript: an image goes up through the API alone and comes down through the registry. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BatchCheckLayerAvailabilityCommand,
  CompleteLayerUploadCommand,
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  ImageTagAlreadyExistsException,
  InitiateLayerUploadCommand,
  PutImageCommand,
  paginateListImages,
  UploadLayerPartCommand,
} from '@aws-sdk/client-ecr';
import { makeImage } from '../support/make-image.ts';
import { useScene } from './client-scenario.ts';
import { clientSuite } from './client-suite.ts';
import { noSession } from './no-session.ts';

clientSuite('AWS SDK for JavaScript', { programs: [] }, () => {
  const scene = useScene(noSession);

  function client(): ECRClient {
    const { server } = scene();
    const { accessKeyId, secretAccessKey, region } = server;
    return new ECRClient({ endpoint: server.origin, region, credentials: { accessKeyId, secretAccessKey } });
  }

  test('an image pushed by the layer operations is pulled from the registry', async () => {
    const { registry } = scene();
    const ecr = client();
    const repositoryName = 'sdk/app';
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const image = makeImage({ seed: 'sdk', layers: 2, layerBytes: 100_000 });
    for (const blob of [image.config, ...image.layers]) {
      const { uploadId } = await ecr.send(new InitiateLayerUploadCommand({ repositoryName }));
      const partLastByte = blob.size - 1;
      const part = { partFirstByte: 0, partLastByte, layerPartBlob: blob.bytes };
      await ecr.send(new UploadLayerPartCommand({ repositoryName, uploadId, ...part }));
      const layerDigests = [blob.digest];
      await ecr.send(new CompleteLayerUploadCommand({ repositoryName, uploadId, layerDigests }));
    }
    const layerDigests = image.layers.map(({ digest }) => digest);
    const { layers } = await ecr.send(new BatchCheckLayerAvailabilityCommand({ repositoryName, layerDigests }));
    assert.deepEqual(
      layers?.map(({ layerAvailability }) => layerAvailability),
      ['AVAILABLE', 'AVAILABLE'],
    );
    const imageManifest = image.bytes.toString('utf8');
    await ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v1' }));
    assert.equal(await registry.checkImage(repositoryName, 'v1'), image.digest);

    const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
    const pushedAt = imageDetails?.[0]?.imagePushedAt;
    assert.ok(pushedAt instanceof Date && Math.abs(Date.now() - pushedAt.getTime()) < 60_000, String(pushedAt));
    ecr.destroy();
  });

  test('an immutable tag gives the typed exception', async () => {
    const { registry } = scene();
    const ecr = client();
    const repositoryName = 'sdk/fixed';
    await ecr.send(new CreateRepositoryCommand({ repositoryName, imageTagMutability: 'IMMUTABLE' }));
    await registry.pushImage(repositoryName, makeImage({ seed: 'first' }), 'v1');
    const second = makeImage({ seed: 'second' });
    await registry.pushImage(repositoryName, second);
    const imageManifest = second.bytes.toString('utf8');
    await assert.rejects(
      ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag: 'v1' })),
      ImageTagAlreadyExistsException,
    );
    ecr.destroy();
  });

  test('the paginator walks every tag once', async () => {
    const { registry } = scene();
    const ecr = client();
    const repositoryName = 'sdk/pages';
    await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const image = makeImage({ seed: 'pages' });
    await registry.pushImage(repositoryName, image, 't0');
    for (const tag of ['t1', 't2', 't3', 't4']) {
      await registry.pushManifest(repositoryName, tag, image.bytes, image.mediaType);
    }
    const tags: (string | undefined)[] = [];
    for await (const page of paginateListImages({ client: ecr, pageSize: 2 }, { repositoryName })) {
      tags.push(...(page.imageIds ?? []).map(({ imageTag }) => imageTag));
    }
    assert.deepEqual(tags.toSorted(), ['t0', 't1', 't2', 't3', 't4']);
    ecr.destroy();
  });
});

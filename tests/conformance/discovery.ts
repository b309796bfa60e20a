/** Requirements of the chapter "Content Discovery": tags and referrers. */
import assert from 'node:assert/strict';
import { makeArtifact, makeImage, makeIndex, mediaTypes, sha256Of, type TestImage } from '../support/make-image.ts';
import { jsonOf, type Reply } from '../support/raw-request.ts';
import { assertError, type Bench, type Requirement } from './requirement.ts';

const tagsOf = (reply: Reply) => (jsonOf(reply) as { tags: string[] }).tags;
const manifestsOf = (reply: Reply) => (jsonOf(reply) as { manifests: Record<string, unknown>[] }).manifests;

/** Where the Link header leads. */
function nextOf(reply: Reply): string | undefined {
  const { link } = reply.headers;
  if (link === undefined) return undefined;
  const match = /^<([^>]+)>; rel="next"$/.exec(String(link));
  assert.ok(match, `not as RFC 5988 has it: ${link}`);
  return match[1];
}

async function tagged(bench: Bench, tags: readonly string[]): Promise<string> {
  const repository = await bench.newRepository();
  const image = makeImage({ seed: 'tags' });
  await bench.pushImage(repository, image);
  for (const tag of tags) await bench.pushManifest(repository, tag, image.bytes, image.mediaType);
  return repository;
}

export const discovery: readonly Requirement[] = [
  {
    section: 'Listing Tags',
    level: 'MUST',
    text: 'the list of an empty repository is 200 and empty; that of a repository that does not exist 404',
    prove: async ({ newRepository, expect, request }) => {
      const repository = await newRepository();
      const reply = await expect(200, 'GET', `/v2/${repository}/tags/list`);
      assert.deepEqual(jsonOf(reply), { name: repository, tags: [] });
      assertError(await request('GET', '/v2/nobody/made/this/tags/list'), 404, 'NAME_UNKNOWN');
    },
  },
  {
    section: 'Listing Tags',
    level: 'MUST',
    text: 'tags are in lexical order, without regard to case',
    prove: async (bench) => {
      const repository = await tagged(bench, ['b', 'A', 'c', 'a1', 'B2', '_x', '1.0', '10']);
      const tags = tagsOf(await bench.expect(200, 'GET', `/v2/${repository}/tags/list`));
      const inOrder = [...tags].sort((one, other) => (one.toLowerCase() < other.toLowerCase() ? -1 : 1));
      assert.equal(tags.length, 8);
      assert.deepEqual(tags, inOrder);
    },
  },
  {
    section: 'Listing Tags',
    level: 'MUST',
    text: 'n limits the list; fewer than n come only with a Link or at the end; Link leads through all of them',
    prove: async (bench) => {
      const all = ['t1', 't2', 't3', 't4', 't5', 't6', 't7'];
      const repository = await tagged(bench, all);
      const seen: string[] = [];
      for (let next: string | undefined = `/v2/${repository}/tags/list?n=3`; next !== undefined; ) {
        const reply: Reply = await bench.expect(200, 'GET', next);
        next = nextOf(reply);
        if (next !== undefined) assert.equal(tagsOf(reply).length, 3);
        seen.push(...tagsOf(reply));
      }
      assert.deepEqual(seen, all);
      const exact = await bench.expect(200, 'GET', `/v2/${repository}/tags/list?n=7`);
      assert.equal(nextOf(exact), undefined);
    },
  },
  {
    section: 'Listing Tags',
    level: 'MUST',
    text: 'n=0 answers an empty list without Link; an n that is no number is refused',
    prove: async (bench) => {
      const repository = await tagged(bench, ['a', 'b']);
      const none = await bench.expect(200, 'GET', `/v2/${repository}/tags/list?n=0`);
      assert.deepEqual(tagsOf(none), []);
      assert.equal(none.headers.link, undefined);
      for (const n of ['-1', 'ten', '1.5', '']) {
        assertError(await bench.request('GET', `/v2/${repository}/tags/list?n=${n}`), 400, 'UNSUPPORTED');
      }
    },
  },
  {
    section: 'Listing Tags',
    level: 'MUST',
    text: 'last begins after that tag, with and without n, also when the tag does not exist',
    prove: async (bench) => {
      const repository = await tagged(bench, ['a', 'b', 'c', 'd']);
      const after = async (query: string) =>
        tagsOf(await bench.expect(200, 'GET', `/v2/${repository}/tags/list?${query}`));
      assert.deepEqual(await after('last=b'), ['c', 'd']);
      assert.deepEqual(await after('n=1&last=b'), ['c']);
      assert.deepEqual(await after('last=bb'), ['c', 'd']);
      assert.deepEqual(await after('last=d'), []);
    },
  },
  {
    section: 'Listing Referrers',
    level: 'MUST',
    text: 'a subject without referrers, known or not, is answered with 200 and an empty index, never with 404',
    prove: async ({ newRepository, expect, request }) => {
      const repository = await newRepository();
      const reply = await expect(200, 'GET', `/v2/${repository}/referrers/${sha256Of(Buffer.from('unknown'))}`);
      assert.equal(reply.headers['content-type'], mediaTypes.ociIndex);
      assert.deepEqual(jsonOf(reply), { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
      assertError(await request('GET', `/v2/${repository}/referrers/sha256:short`), 400, 'DIGEST_INVALID');
      assertError(await request('GET', `/v2/${repository}/referrers/latest`), 400, 'DIGEST_INVALID');
    },
  },
  {
    section: 'Listing Referrers',
    level: 'MUST',
    text: 'each descriptor has media type, digest, size, artifactType (else the config type; none for an index) and all annotations',
    prove: async (bench) => {
      const repository = await bench.newRepository();
      const subject = makeImage({ seed: 'subject' });
      await bench.pushImage(repository, subject, 'subject');
      const annotations = { 'org.example.one': 'é', 'org.example.two': '' };
      const sbom = makeArtifact({ artifactType: 'application/x.sbom', payload: 's', subject, annotations });
      const plain = makeImage({ seed: 'referrer without artifact type', subject });
      await bench.pushImage(repository, sbom);
      await bench.pushImage(repository, plain);
      const index = withSubject(makeIndex({ seed: 'index' }), subject);
      await bench.pushImage(repository, makeIndex({ seed: 'index' }));
      assert.equal((await bench.pushManifest(repository, index.digest, index.bytes, mediaTypes.ociIndex)).status, 201);
      const reply = await bench.expect(200, 'GET', `/v2/${repository}/referrers/${subject.digest}`);
      const described = (made: { mediaType: string; digest: string; size: number }) => ({
        mediaType: made.mediaType,
        digest: made.digest,
        size: made.size,
      });
      assert.deepEqual(manifestsOf(reply), [
        { ...described(sbom), artifactType: 'application/x.sbom', annotations },
        { ...described(plain), artifactType: mediaTypes.ociConfig },
        described(index),
      ]);
    },
  },
  {
    section: 'Listing Referrers',
    level: 'MUST',
    text: 'a filter by artifactType is applied and said so in OCI-Filters-Applied; an unfiltered answer has no such header',
    prove: async (bench) => {
      const { repository, subject } = await withReferrers(bench, [
        'application/x.a',
        'application/x.b',
        'application/x.a',
      ]);
      const path = `/v2/${repository}/referrers/${subject.digest}`;
      const filtered = await bench.expect(200, 'GET', `${path}?artifactType=application%2Fx.a`);
      assert.equal(filtered.headers['oci-filters-applied'], 'artifactType');
      assert.deepEqual(
        manifestsOf(filtered).map((manifest) => manifest.artifactType),
        ['application/x.a', 'application/x.a'],
      );
      const none = await bench.expect(200, 'GET', `${path}?artifactType=application/x.none`);
      assert.deepEqual(manifestsOf(none), []);
      const all = await bench.expect(200, 'GET', path);
      assert.equal(all.headers['oci-filters-applied'], undefined);
      assert.equal(manifestsOf(all).length, 3);
    },
  },
  {
    section: 'Listing Referrers',
    level: 'MUST',
    text: 'a list too long for one answer goes on behind a Link, filter included',
    prove: async (bench) => {
      const types = Array.from({ length: 120 }, (_, at) => (at % 2 === 0 ? 'application/x.even' : 'application/x.odd'));
      const { repository, subject } = await withReferrers(bench, types);
      for (const [query, count] of [
        ['', 120],
        ['?artifactType=application%2Fx.odd', 60],
      ] as const) {
        const seen = new Set<unknown>();
        let pages = 0;
        for (
          let next: string | undefined = `/v2/${repository}/referrers/${subject.digest}${query}`;
          next !== undefined;
        ) {
          const reply: Reply = await bench.expect(200, 'GET', next);
          for (const manifest of manifestsOf(reply)) seen.add(manifest.digest);
          next = nextOf(reply);
          pages += 1;
        }
        assert.equal(seen.size, count);
        assert.ok(pages > 1, 'a page of referrers is bounded');
      }
    },
  },
  {
    section: 'Listing Referrers',
    level: 'MUST',
    text: 'referrers that were pushed before their subject, and by tag, are listed; deleted ones are not',
    prove: async (bench) => {
      const repository = await bench.newRepository();
      const subject = makeImage({ seed: 'late subject' });
      const early = makeArtifact({ artifactType: 'application/x.early', payload: 'e', subject });
      await bench.pushImage(repository, early, 'early');
      await bench.pushImage(repository, subject, 'subject');
      const path = `/v2/${repository}/referrers/${subject.digest}`;
      assert.equal(manifestsOf(await bench.expect(200, 'GET', path)).length, 1);
      await bench.expect(202, 'DELETE', `/v2/${repository}/manifests/${early.digest}`);
      assert.equal(manifestsOf(await bench.expect(200, 'GET', path)).length, 0);
    },
  },
];

async function withReferrers(bench: Bench, artifactTypes: readonly string[]) {
  const repository = await bench.newRepository();
  const subject: TestImage = makeImage({ seed: 'subject of many' });
  await bench.pushImage(repository, subject, 'subject');
  const first = makeArtifact({ artifactType: 'application/x', payload: 'same payload' });
  await bench.pushImage(repository, first);
  for (const [at, artifactType] of artifactTypes.entries()) {
    const annotations = { at: String(at) };
    const referrer = makeArtifact({ artifactType, payload: 'same payload', subject, annotations });
    const pushed = await bench.pushManifest(repository, referrer.digest, referrer.bytes, referrer.mediaType);
    assert.equal(pushed.status, 201);
  }
  return { repository, subject };
}

function withSubject(index: { bytes: Buffer }, subject: TestImage) {
  const { mediaType, digest, size } = subject;
  const bytes = Buffer.from(
    JSON.stringify({ ...JSON.parse(index.bytes.toString()), subject: { mediaType, digest, size } }),
  );
  return { mediaType: mediaTypes.ociIndex, digest: sha256Of(bytes), size: bytes.length, bytes };
}

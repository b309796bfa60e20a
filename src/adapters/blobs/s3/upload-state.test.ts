import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UploadLost } from '../../../ports/blob-store.ts';
import { cutBack, knownDigest, NOTHING, readState, sizeOfState, type UploadState, writeState } from './upload-state.ts';

const plain = { noNullPrototype: true } as const;
const part = fc.record({ etag: fc.string(), size: fc.integer({ min: 1, max: 1e9 }) }, plain);
const states: fc.Arbitrary<UploadState> = fc.record(
  {
    multipart: fc.option(
      fc.record(
        { location: fc.string(), id: fc.string(), parts: fc.array(part, { minLength: 1, maxLength: 6 }) },
        plain,
      ),
      { nil: undefined },
    ),
    tail: fc.option(
      fc.record({ location: fc.string(), etag: fc.string(), size: fc.integer({ min: 1, max: 1e7 }) }, plain),
      {
        nil: undefined,
      },
    ),
    digest: fc.option(fc.constantFrom('sha256:ab', 'sha512:cd'), { nil: undefined }),
    leftovers: fc.array(fc.string(), { maxLength: 3 }),
  },
  plain,
);

test('what is written is read again, and an empty row is an upload without bytes', () => {
  fc.assert(fc.property(states, (state) => assert.deepEqual(readState(writeState(state)), state)));
  assert.deepEqual(readState(''), NOTHING);
});

test('10,000 parts fit into a row of less than half a mebibyte', () => {
  const parts = Array.from({ length: 10_000 }, () => ({ etag: `"${'0'.repeat(32)}"`, size: 5 * 1024 * 1024 }));
  const state = { ...NOTHING, multipart: { location: 'somewhere', id: 'id', parts } };
  assert(writeState(state).length < 512 * 1024);
});

test('what another kind of store wrote is a lost upload', () => {
  assert.throws(() => readState('5000 sha256:abc'), UploadLost);
});

test('cut back to any offset it has exactly so many bytes, all from the beginning, or is lost', () => {
  fc.assert(
    fc.property(states, fc.double({ min: 0, max: 1.2, noNaN: true }), (state, share) => {
      const offset = Math.floor(sizeOfState(state) * share);
      let cut: ReturnType<typeof cutBack>;
      try {
        cut = cutBack(state, offset);
      } catch (error) {
        assert(error instanceof UploadLost);
        const ends = (state.multipart?.parts ?? []).map(({ size }, at, all) =>
          all.slice(0, at).reduce((sum, each) => sum + each.size, size),
        );
        // Too few bytes, or inside of a part.
        assert(offset > sizeOfState(state) || (offset > 0 && offset < (ends.at(-1) ?? 0) && !ends.includes(offset)));
        return;
      }
      const kept = cut.state.multipart?.parts ?? [];
      assert.deepEqual(kept, (state.multipart?.parts ?? []).slice(0, kept.length));
      assert.equal(kept.reduce((sum, { size }) => sum + size, 0) + cut.ofTail, offset);
      if (offset === sizeOfState(state)) assert.equal(cut.state, state);
      else assert.equal(cut.state.digest, undefined, 'of fewer bytes the digest is not known');
      if (state.tail && !cut.state.tail) assert(cut.state.leftovers.includes(state.tail.location));
    }),
  );
});

test('a digest is known only with its algorithm', () => {
  assert.equal(knownDigest({ ...NOTHING, digest: 'sha256:ab' }, 'sha256'), 'sha256:ab');
  assert.equal(knownDigest({ ...NOTHING, digest: 'sha256:ab' }, 'sha512'), undefined);
});

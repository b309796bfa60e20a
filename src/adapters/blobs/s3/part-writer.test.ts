import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SMALLEST_PART } from './part-sizes.ts';
import { createPartBudget, createPartWriter, type Piece } from './part-writer.ts';

const PIECE = 256 * 1024;

/** Pieces that count how many of them are still held, and sends that end when they are told to. */
function setUp(budget = createPartBudget(1e9)) {
  let held = 0;
  const ends: ((error?: Error) => void)[] = [];
  const sizes: number[] = [];
  const writer = createPartWriter<Piece>({
    firstNumber: 1,
    budget,
    send: (number, pieces) => {
      const size = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
      sizes.push(size);
      return new Promise((resolve, reject) => {
        ends.push((error) => (error ? reject(error) : resolve({ etag: `e${number}`, size })));
      });
    },
  });
  const piece = (): Piece => {
    held++;
    return { bytes: new Uint8Array(PIECE), release: () => void held-- };
  };
  return { writer, ends, sizes, piece, held: () => held };
}

test('a part is sent only when enough for another follows, and two are under way at most', async () => {
  const { writer, ends, sizes, piece } = setUp();
  let waits: Promise<void> | undefined;
  for (let bytes = 0; bytes < 3 * SMALLEST_PART; bytes += PIECE) {
    waits = writer.add(piece());
    if (bytes + PIECE < 2 * SMALLEST_PART) assert.deepEqual(sizes, []);
    if (bytes + PIECE < 3 * SMALLEST_PART) await waits;
  }
  await new Promise(setImmediate);
  assert.deepEqual(sizes, [SMALLEST_PART, SMALLEST_PART]);
  let isOver = false;
  const over = waits?.then(() => {
    isOver = true;
  });
  await new Promise(setImmediate);
  assert(!isOver, 'more must wait');
  ends[1]?.();
  await over;
  ends[0]?.();
  assert.deepEqual(
    (await writer.finish()).map(({ etag }) => etag),
    ['e1', 'e2'],
    'in order, whichever was first',
  );
  assert.equal(writer.restSize, SMALLEST_PART);
});

test('after a failure nothing more is taken, and all memory is given back', async () => {
  const { writer, ends, piece, held } = setUp();
  for (let bytes = 0; bytes < 2 * SMALLEST_PART; bytes += PIECE) await writer.add(piece());
  ends[0]?.(new Error('failed'));
  await assert.rejects(writer.finish(), /failed/);
  assert.throws(() => writer.add(piece()), /failed/);
  assert(held() > 0);
  await writer.release();
  assert.equal(held(), 0);
});

test('all uploads together send no more than there is room for, one part of any size excepted', async () => {
  const budget = createPartBudget(10);
  assert.equal(budget.enter(50), undefined);
  const order: number[] = [];
  const second = budget.enter(6)?.then(() => order.push(2));
  const third = budget.enter(3)?.then(() => order.push(3));
  assert(second && third);
  await new Promise(setImmediate);
  assert.equal(order.length, 0);
  budget.leave(50);
  await Promise.all([second, third]);
  assert.deepEqual(order, [2, 3]);
  const tooMuch = budget.enter(2)?.then(() => order.push(4));
  budget.leave(6);
  await tooMuch;
  assert.deepEqual(order, [2, 3, 4]);
});

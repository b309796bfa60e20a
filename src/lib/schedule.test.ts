import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOf } from './schedule.ts';

const at = (text: string) => Date.parse(text);

test('an interval is due at its multiples, whenever a process was started', () => {
  const schedule = { everyMs: 600_000 };
  assert.equal(slotOf(schedule, at('2026-01-02T03:09:59.999Z')), at('2026-01-02T03:00:00Z'));
  assert.equal(slotOf(schedule, at('2026-01-02T03:10:00Z')), at('2026-01-02T03:10:00Z'));
});

test('a pattern is due in UTC', () => {
  const nightly = { cron: '30 2 * * *' };
  assert.equal(slotOf(nightly, at('2026-01-02T02:29:59Z')), at('2026-01-01T02:30:00Z'));
  assert.equal(slotOf(nightly, at('2026-01-02T02:30:00Z')), at('2026-01-02T02:30:00Z'));
  assert.equal(slotOf(nightly, at('2026-01-02T02:30:00.001Z')), at('2026-01-02T02:30:00Z'));
  const sundays = { cron: '0 4 * * SUN' };
  assert.equal(slotOf(sundays, at('2026-01-02T03:00:00Z')), at('2025-12-28T04:00:00Z'));
});

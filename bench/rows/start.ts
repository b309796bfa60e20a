/** How long until a server is ready, with nothing stored? (With many images: row `list`.) */
import type { Measurement, Row, RowContext } from './row.ts';

export const start: Row = {
  name: 'start',
  for: ['registry', 'api', 'bare'],
  async *run(context) {
    yield await measureStarts(context, 'start to ready, empty');
  },
};

/** The median of five starts on what is there. */
export async function measureStarts(context: RowContext, row: string): Promise<Measurement> {
  const times: number[] = [];
  for (let time = 0; time < 5; time += 1) times.push((await context.restart()).readyMs);
  times.sort((a, b) => a - b);
  return {
    row,
    value: times[2]!,
    unit: 'ms',
    lowerIsBetter: true,
    note: `${times[0]!.toFixed(0)}–${times[4]!.toFixed(0)}`,
  };
}

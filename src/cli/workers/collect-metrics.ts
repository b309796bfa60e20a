/** /metrics of several processes as one: whichever of them is asked, the first process collects the parts of all and sums them up. */
import { AggregatorRegistry } from 'prom-client';

/** What the first process asks of a worker. Rejects when it is gone or says nothing in time. */
export type AskForPart = () => Promise<object[]>;

/** Sums up what those answer that can, and adds what the first process knows itself. */
export async function collectMetrics(
  ask: readonly AskForPart[],
  own: { readonly running: number; readonly wanted: number; readonly restarts: number },
): Promise<{ text: string; contentType: string }> {
  const answers = await Promise.allSettled(ask.map((one) => one()));
  const parts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const registry = AggregatorRegistry.aggregate([...parts, ownPart(own)]);
  return { text: await registry.metrics(), contentType: registry.contentType };
}

function ownPart({ running, wanted, restarts }: Parameters<typeof collectMetrics>[1]): object[] {
  const one = (name: string, type: string, help: string, value: number) => ({
    name,
    type,
    help,
    aggregator: 'sum',
    values: [{ labels: {}, value }],
  });
  return [
    one('longshore_workers', 'gauge', 'Processes that serve.', running),
    one('longshore_workers_wanted', 'gauge', 'Processes that should serve (setting workers).', wanted),
    one('longshore_worker_restarts_total', 'counter', 'Processes that ended unasked and were started again.', restarts),
  ];
}

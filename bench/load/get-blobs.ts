/** GETs of whole blobs. A redirect or a short answer counts as failed. */
import { type GetBlobPlan, portOf } from './plan.ts';
import { openRawConnection } from './raw-connection.ts';
import { requestHead } from './request-head.ts';
import type { Tally } from './tally.ts';

export async function getBlobs(plan: GetBlobPlan, tally: Tally): Promise<void> {
  const head = requestHead({ method: 'GET', path: plan.path }, plan.port, plan.authorization);
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, (_, at) => openRawConnection(portOf(plan, at))),
  );
  tally.start();
  await Promise.all(
    connections.map(async (connection) => {
      for (let time = 0; time < plan.times; time += 1) {
        const startedAt = performance.now();
        const answer = await connection.exchange(head);
        if (answer.status === 200 && answer.length === plan.size) tally.done(startedAt, answer.length);
        else tally.failed(answer.head);
      }
      connection.close();
    }),
  );
}

/** Small requests: the same one for a while, or each of a list once. */
import { type ListPlan, portOf, type RawRequest, type RepeatPlan } from './plan.ts';
import { openRawConnection, type RawConnection } from './raw-connection.ts';
import { requestHead } from './request-head.ts';
import type { Tally } from './tally.ts';

interface ReadyRequest {
  readonly head: string;
  readonly body: readonly Uint8Array[];
}

export async function repeatRequest(plan: RepeatPlan, tally: Tally): Promise<void> {
  const request = makeReady(plan.request, plan);
  const connections = await openAll(plan);
  tally.start();
  const end = performance.now() + plan.seconds * 1000;
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() < end) await send(connection, request, tally);
      connection.close();
    }),
  );
}

export async function sendList(plan: ListPlan, tally: Tally): Promise<void> {
  const requests = plan.requests.map((request) => makeReady(request, plan)).values();
  const connections = await openAll(plan);
  tally.start();
  await Promise.all(
    connections.map(async (connection) => {
      for (const request of requests) await send(connection, request, tally);
      connection.close();
    }),
  );
}

function makeReady(request: RawRequest, plan: RepeatPlan | ListPlan): ReadyRequest {
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  return {
    head: requestHead(request, plan.port, plan.authorization, body?.length),
    body: body === undefined ? [] : [body],
  };
}

function openAll(plan: RepeatPlan | ListPlan): Promise<RawConnection[]> {
  return Promise.all(Array.from({ length: plan.connections }, (_, at) => openRawConnection(portOf(plan, at))));
}

async function send(connection: RawConnection, request: ReadyRequest, tally: Tally): Promise<void> {
  const startedAt = performance.now();
  const answer = await connection.exchange(request.head, request.body);
  if (answer.status >= 200 && answer.status < 300) tally.done(startedAt, answer.length);
  else tally.failed(answer.head);
}

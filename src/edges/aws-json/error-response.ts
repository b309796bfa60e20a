/** How a Fault looks in AWS JSON 1.1 (behaviour page, section 1.2): one table of what is not plainly the caller's mistake. */
import type { Fault } from '../../services/fault.ts';

/** Everything else is 400, authentication and authorization too: clients go by the code. */
const statuses: ReadonlyMap<string, number> = new Map([
  ['RequestTimeoutException', 408],
  ['RequestEntityTooLargeException', 413],
  ['ServerException', 500],
  ['ServiceUnavailable', 503],
  ['InsufficientStorage', 507],
]);

export interface ErrorResponse {
  readonly status: number;
  readonly body: string;
}

export function errorResponse(fault: Fault): ErrorResponse {
  const body = {
    __type: fault.code,
    message: fault.message === '' ? undefined : fault.message,
    ...fault.members,
  };
  return { status: statuses.get(fault.code) ?? 400, body: JSON.stringify(body) };
}

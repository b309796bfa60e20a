/**
 * The one function that every request on every edge passes (design, section 6). Today there are only root callers: the root
 * of an account may do everything in its own account and nothing in another. Identity, repository, registry and session
 * policies, with explicit denies first (they bind the root too), will be evaluated here, and nowhere else.
 */
import type { Caller } from '../caller.ts';
import { Fault } from '../fault.ts';

/** Condition keys of the request: `aws:SourceIp`, `ecr:ResourceTag/…`; filled by edges as policies come to need them. */
export type RequestContext = Readonly<Record<string, string | readonly string[]>>;

/** Throws AccessDeniedException, which names the principal, the action, the resource and the kind of policy that decided. */
export function authorize(caller: Caller, action: string, resource: string, _context: RequestContext = {}): void {
  if (resource === '*' || accountOf(resource) === caller.accountId) return;
  throw new Fault(
    'AccessDeniedException',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because no resource-based policy allows the ${action} action`,
  );
}

/** `arn:<partition>:<service>:<region>:<account>:…`, walked without making an array: every request passes here. */
function accountOf(arn: string): string {
  let start = 0;
  for (let colons = 0; colons < 4; colons++) start = arn.indexOf(':', start) + 1;
  return arn.slice(start, arn.indexOf(':', start));
}

/** STS GetCallerIdentity: whose credentials these are. Needs no permission; Terraform and boto3 scripts call it before all else. */
import type { Caller } from '../caller.ts';

export interface CallerIdentity {
  readonly Arn: string;
  readonly UserId: string;
  readonly Account: string;
}

/** Members in AWS's order. */
export function getCallerIdentity(caller: Caller): CallerIdentity {
  return { Arn: caller.arn, UserId: caller.userId, Account: caller.accountId };
}

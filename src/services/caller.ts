/** Who makes a request, as every edge finds it out. Today the root of an account; users, roles and sessions will be further kinds. */
export interface Caller {
  readonly kind: 'root';
  readonly accountId: string;
  /** `arn:aws:iam::<account>:root` */
  readonly arn: string;
  /** What STS calls UserId: for the root its account id. */
  readonly userId: string;
  readonly accessKeyId: string;
}

export function rootCaller(accountId: string, accessKeyId: string): Caller {
  return { kind: 'root', accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId, accessKeyId };
}

/** Asks whether the caller may do what a request wants, and writes into the access record what was asked. */
import type { Caller } from '../../services/caller.ts';
import { repositoryArn } from '../../services/ecr/arn.ts';
import type { RepositoryRef } from '../../services/ecr/repositories/repository-ref.ts';
import { authorize } from '../../services/iam/authorize.ts';
import type { Exchange } from '../http/exchange.ts';

/** Throws AccessDenied. Without a name all repositories of the registry are meant. */
export function permit(exchange: Exchange, caller: Caller, ref: RepositoryRef, action: string): void {
  const resource = repositoryArn(ref, ref.name === '' ? '*' : ref.name);
  exchange.record.action = action;
  exchange.record.resource = resource;
  authorize(caller, action, resource);
}

/** What is built of the services that speak the query protocol. A service is known by its name in the SigV4 credential scope. */
import type { Caller } from '../caller.ts';
import { Fault } from '../fault.ts';
import { getCallerIdentity } from './get-caller-identity.ts';

export interface QueryService {
  readonly xmlNamespace: string;
  readonly apiVersion: string;
  /** Answers the members of the result, all of them texts. */
  readonly actions: ReadonlyMap<string, (caller: Caller) => object>;
}

const sts: QueryService = {
  xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  apiVersion: '2011-06-15',
  actions: new Map([['GetCallerIdentity', getCallerIdentity]]),
};

const iam: QueryService = {
  xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  apiVersion: '2010-05-08',
  actions: new Map(),
};

export const queryServices: ReadonlyMap<string, QueryService> = new Map([
  ['sts', sts],
  ['iam', iam],
]);

/** An action that the service does not have, or that Longshore does not have yet: never a 5xx, which clients would repeat. */
export function invalidAction(action: string, version: string): Fault {
  return new Fault('InvalidAction', `Could not find operation ${action} for version ${version}`);
}

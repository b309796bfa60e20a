/** What every client of the load shares, and the one way to send a change: begun in the model, then acknowledged or in doubt. */
import type { AwsAnswer, AwsClient } from '../black-box/aws-client.ts';
import { type Answer, type HttpClient, NoAnswer } from '../black-box/http-client.ts';
import { ROOT_KEY } from '../black-box/longshore-process.ts';
import { spreadCalls } from '../black-box/spread-calls.ts';
import { createLocks, type Locks } from './locks.ts';
import { type Changes, createModel, type Model } from './model.ts';
import type { Report } from './report.ts';

export interface Trial {
  readonly model: Model;
  readonly report: Report;
  readonly http: HttpClient;
  readonly aws: AwsClient;
  /** Locks of changes in doubt are never given back: the check after the crash makes new ones. */
  locks: Locks;
  /** The `Authorization` of registry requests; one docker token serves the whole trial, across every restart. */
  authorization: string;
  /** Set from the moment of the crash: from then on a lost connection is no breach, nor is the 503 of a node that lost its database. */
  crashed: boolean;
  /** Tells the clients to come to an end. */
  stopping: boolean;
}

/** The server was taken away; the client has nothing more to do. */
export class Crashed extends Error {
  override readonly name = 'Crashed';
}

/** Calls go to each of the nodes in turn. */
export function createTrial(origins: readonly string[], report: Report): Trial {
  return {
    model: createModel(),
    report,
    ...spreadCalls(origins, ROOT_KEY),
    locks: createLocks(),
    authorization: '',
    crashed: false,
    stopping: false,
  };
}

/** Fetches the docker token that the trial lives on. */
export async function logIn(trial: Trial): Promise<void> {
  const answer = await trial.aws.call('GetAuthorizationToken', {});
  const token: unknown = answer.output?.authorizationData?.[0]?.authorizationToken;
  if (typeof token !== 'string') throw new Error(`No docker token: ${answer.status} ${answer.text}`);
  trial.authorization = `Basic ${token}`;
}

export interface RegistryCall {
  readonly method: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
}

/** One request to the registry edge. Throws Crashed when the server is gone. */
export async function callRegistry(trial: Trial, call: RegistryCall): Promise<Answer> {
  const answer = await orCrashed(trial, `${call.method} ${call.path}`, () =>
    trial.http.call({ ...call, headers: { ...call.headers, authorization: trial.authorization } }),
  );
  if (answer.status === 503 && trial.crashed) throw new Crashed(`${call.method} ${call.path}`);
  if (answer.status >= 500) {
    trial.report.breach(
      'server error',
      `${call.method} ${call.path} answered ${answer.status} ${answer.body.toString().slice(0, 300)}`,
    );
  }
  return answer;
}

/** One call to the AWS edge. Throws Crashed when the server is gone. */
export async function callAws(trial: Trial, operation: string, input: unknown): Promise<AwsAnswer> {
  const answer = await orCrashed(trial, operation, () => trial.aws.call(operation, input));
  if (answer.status === 503 && trial.crashed) throw new Crashed(operation);
  if (answer.status >= 500) {
    trial.report.breach('server error', `${operation} answered ${answer.status} ${answer.text.slice(0, 300)}`);
  }
  return answer;
}

async function orCrashed<T>(trial: Trial, what: string, perform: () => Promise<T>): Promise<T> {
  try {
    return await perform();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    if (!trial.crashed || error.hung) trial.report.breach('no answer', `${what}: ${error.message}`);
    throw new Crashed(what, { cause: error });
  }
}

/**
 * Sends a change. Answers true when it was acknowledged; whatever else came of it is in doubt until the next check. The
 * caller holds the locks of every thing in `changes`, and gives them back only when the answer is true.
 */
export async function attempt(
  trial: Trial,
  what: string,
  changes: Changes,
  send: () => Promise<{ readonly ok: boolean; readonly answer: string }>,
): Promise<boolean> {
  const doubt = { what, changes };
  trial.model.doubts.add(doubt);
  const { ok, answer } = await send();
  trial.report.note(`${what}: ${answer}`);
  if (!ok) {
    trial.report.breach('unexpected answer', `${what}: ${answer}`);
    return false;
  }
  trial.model.doubts.delete(doubt);
  trial.model.apply(changes);
  trial.report.acknowledged += 1;
  return true;
}

/** What `attempt` wants to know of an answer of the registry edge. */
export function judge(answer: Answer, ...good: number[]): { ok: boolean; answer: string } {
  const ok = good.includes(answer.status);
  return { ok, answer: ok ? String(answer.status) : `${answer.status} ${answer.body.toString().slice(0, 300)}` };
}

/** The same for the AWS edge; `codes` are errors that mean that all is as wanted. */
export function judgeAws(answer: AwsAnswer, ...codes: string[]): { ok: boolean; answer: string } {
  const ok = answer.status === 200 || (answer.code !== undefined && codes.includes(answer.code));
  return { ok, answer: ok ? String(answer.code ?? 200) : `${answer.status} ${answer.text.slice(0, 300)}` };
}

/** What all clients of a race share, and the one way to send a request: to any node, with its span on the clock that all histories use. */
import { type AwsAnswer, type AwsClient, createAwsClient } from '../black-box/aws-client.ts';
import { type Answer, type Call, createHttpClient, type HttpClient, NoAnswer } from '../black-box/http-client.ts';
import type { Random } from '../black-box/random.ts';
import { createRaceHistory, type RaceHistory, type Span } from './race-history.ts';

export interface RaceNode {
  readonly origin: string;
}

/** A layer or child of an image that was not there although the image was; to be judged at the end. */
export interface Suspicion extends Span {
  readonly repository: string;
  readonly digest: string;
}

export interface RaceSession {
  readonly history: RaceHistory;
  readonly nodes: readonly { readonly http: HttpClient; readonly aws: AwsClient }[];
  authorization: string;
  /** Set while nodes or stores are being taken away: then no answer and 503 are honest. */
  troubled: boolean;
  readonly problems: string[];
  readonly suspicions: Suspicion[];
  /** How often each thing happened; a race in which nothing did proves nothing. */
  readonly counts: Map<string, number>;
  stopping: boolean;
}

export interface Timed<T> {
  /** Undefined when none came, or one that leaves open what happened. */
  readonly answer: T | undefined;
  readonly span: Span;
}

export function createRaceSession(
  nodes: readonly RaceNode[],
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
): RaceSession {
  return {
    history: createRaceHistory(),
    nodes: nodes.map(({ origin }) => {
      const http = createHttpClient(origin);
      return { http, aws: createAwsClient(http, credentials) };
    }),
    authorization: '',
    troubled: false,
    problems: [],
    suspicions: [],
    counts: new Map(),
    stopping: false,
  };
}

/** One docker token for the whole race, from the first node. Throws when it answers none. */
export async function logIn(session: RaceSession): Promise<void> {
  const { output, text } = await session.nodes[0]!.aws.call('GetAuthorizationToken', {});
  const token: unknown = output?.authorizationData?.[0]?.authorizationToken;
  if (typeof token !== 'string') throw new Error(`no docker token: ${text}`);
  session.authorization = `Basic ${token}`;
}

export function count(session: RaceSession, what: string): void {
  session.counts.set(what, (session.counts.get(what) ?? 0) + 1);
}

/** A request to the registry edge of a random node. */
export function callRegistry(session: RaceSession, random: Random, call: Call): Promise<Timed<Answer>> {
  const { http } = random.pick(session.nodes);
  const headers = { ...call.headers, authorization: session.authorization };
  const what = `${call.method} ${call.path.replace(/_state=[^&]*/, '')} at ${new URL(http.origin).port}`;
  return timed(session, what, async () => {
    const answer = await http.call({ ...call, headers });
    return { answer, status: answer.status, text: () => answer.body.toString() };
  });
}

/** A call of the AWS API of a random node. */
export function callAws(
  session: RaceSession,
  random: Random,
  operation: string,
  input: unknown,
): Promise<Timed<AwsAnswer>> {
  const { aws, http } = random.pick(session.nodes);
  const what = `${operation} ${JSON.stringify(input).slice(0, 150)} at ${new URL(http.origin).port}`;
  return timed(session, what, async () => {
    const answer = await aws.call(operation, input);
    return { answer, status: answer.status, text: () => answer.text };
  });
}

async function timed<T>(
  session: RaceSession,
  what: string,
  perform: () => Promise<{ answer: T; status: number; text: () => string }>,
): Promise<Timed<T>> {
  const begin = performance.now();
  // Trouble that begins or ends while the request is under way excuses it, too.
  const troubledBefore = session.troubled;
  const unanswered = { answer: undefined, span: { what, begin, end: Number.POSITIVE_INFINITY } };
  try {
    const { answer, status, text } = await perform();
    const span = { what: `${what} ${status}`, begin, end: performance.now() };
    if (status < 500) return { answer, span };
    if (troubledBefore || session.troubled) count(session, `${status} in trouble`);
    else session.problems.push(`${what} answered ${status} ${text().slice(0, 200)}`);
    return unanswered;
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    if ((troubledBefore || session.troubled) && !error.hung) count(session, 'no answer in trouble');
    else session.problems.push(`no answer: ${error.message}`);
    return unanswered;
  }
}

/** The code of a refusal of the registry edge. */
export function codeOf({ body }: Answer): string | undefined {
  try {
    return JSON.parse(body.toString()).errors?.[0]?.code;
  } catch {
    return undefined;
  }
}

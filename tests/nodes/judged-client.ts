/** A client that tries again as docker and the SDKs do, and keeps count of what failed, what was tried again and what was wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsAnswer, createAwsClient } from '../black-box/aws-client.ts';
import { type Answer, type Call, createHttpClient, NoAnswer } from '../black-box/http-client.ts';

export interface JudgedClientOptions {
  readonly origin: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The docker password. */
  readonly token: string;
  /** Times a call is made again after no answer or a 5xx; 0 to see every failure. Asked each time: it may change under way. */
  readonly retries: () => number;
}

export interface Tally {
  requests: number;
  /** Calls that were made again. */
  retried: number;
  /** Calls that found no answer, or a 5xx, each time they were made. */
  readonly failed: string[];
  /** Answers that should not have been given. */
  readonly wrong: string[];
}

export interface JudgedClient {
  readonly tally: Tally;
  /** Undefined when it failed for good. */
  call(call: Call): Promise<Answer | undefined>;
  /** For what a client does not send twice but begins anew. A failure counts where nothing is tried again. */
  callOnce(call: Call): Promise<Answer | undefined>;
  api(operation: string, input: unknown): Promise<AwsAnswer | undefined>;
  /** Whether the answer has one of these statuses; another one is wrong, a failed call is counted already. */
  expect(what: string, answer: Answer | AwsAnswer | undefined, ...statuses: number[]): boolean;
  close(): void;
}

const FIRST_RETRY_MS = 200;
const MOST_DOUBLINGS = 4;

export function createJudgedClient({ origin, credentials, token, retries }: JudgedClientOptions): JudgedClient {
  const http = createHttpClient(origin);
  const aws = createAwsClient(http, credentials);
  const authorization = `Basic ${Buffer.from(`AWS:${token}`).toString('base64')}`;
  const tally: Tally = { requests: 0, retried: 0, failed: [], wrong: [] };

  async function whole(call: Call): Promise<Answer> {
    const answer = await http.call({ ...call, headers: { authorization, ...call.headers } });
    if (!answer.whole) throw new NoAnswer(`${nameOf(call)}: the answer broke off`);
    return answer;
  }

  /** The answer, or why there is none. */
  async function attempt<T extends { status: number }>(ask: () => Promise<T>): Promise<T | string> {
    tally.requests++;
    try {
      const answer = await ask();
      return answer.status < 500 ? answer : String(answer.status);
    } catch (error) {
      if (error instanceof NoAnswer) return error.message;
      throw error;
    }
  }

  async function persist<T extends { status: number }>(what: string, ask: () => Promise<T>): Promise<T | undefined> {
    let failure = '';
    for (let again = 0; again <= retries(); again++) {
      if (again > 0) {
        tally.retried++;
        await sleep(FIRST_RETRY_MS * 2 ** Math.min(again - 1, MOST_DOUBLINGS));
      }
      const answer = await attempt(ask);
      if (typeof answer !== 'string') return answer;
      failure = answer;
    }
    tally.failed.push(`${what}: ${failure}`);
    return undefined;
  }

  return {
    tally,
    call: (call) => persist(nameOf(call), () => whole(call)),
    async callOnce(call) {
      const answer = await attempt(() => whole(call));
      if (typeof answer !== 'string') return answer;
      if (retries() === 0) tally.failed.push(`${nameOf(call)}: ${answer}`);
      else tally.retried++;
      return undefined;
    },
    api: (operation, input) => persist(operation, () => aws.call(operation, input)),
    expect(what, answer, ...statuses) {
      if (answer === undefined) return false;
      if (statuses.includes(answer.status)) return true;
      const text = 'text' in answer ? answer.text : answer.body.toString();
      tally.wrong.push(`${what}: ${answer.status} ${text.slice(0, 200)}`);
      return false;
    },
    close: () => http.close(),
  };
}

function nameOf({ method, path }: Call): string {
  return `${method} ${path.slice(0, 80)}`;
}

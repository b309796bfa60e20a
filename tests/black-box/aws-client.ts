/** Signed AWS JSON 1.1 calls (behaviour page 1.1), without the retries of an SDK: one call, one answer. */
import aws4 from 'aws4';
import type { HttpClient } from './http-client.ts';

export interface AwsAnswer {
  readonly status: number;
  /** Code of the error, when it is one. */
  readonly code: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: the answer of any operation; each caller knows its own.
  readonly output: any;
  readonly text: string;
}

export interface AwsClient {
  /** Rejects with NoAnswer, never for an error answer. */
  call(operation: string, input: unknown): Promise<AwsAnswer>;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export function createAwsClient(http: HttpClient, credentials: AwsCredentials, region = 'us-east-1'): AwsClient {
  const host = new URL(http.origin).host;
  return {
    async call(operation, input) {
      const signed = aws4.sign(
        {
          host,
          path: '/',
          method: 'POST',
          service: 'ecr',
          region,
          headers: {
            'Content-Type': 'application/x-amz-json-1.1',
            'X-Amz-Target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
          },
          body: JSON.stringify(input),
        },
        credentials,
      );
      const answer = await http.call({
        method: 'POST',
        path: '/',
        headers: signed.headers!,
        body: signed.body as string,
      });
      const text = answer.body.toString();
      const output = parseJson(text);
      return { status: answer.status, code: output?.__type, output, text };
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: see AwsAnswer.
function parseJson(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

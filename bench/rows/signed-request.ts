/** A signed API request as plain data. A signature is good for five minutes, so a row may send the same one all along. */
import aws4 from 'aws4';
import { ROOT_KEY } from '../../tests/black-box/longshore-process.ts';
import type { RawRequest } from '../load/plan.ts';

export function signedRequest(port: number, operation: string, input: unknown): RawRequest {
  const signed = aws4.sign(
    {
      host: `127.0.0.1:${port}`,
      path: '/',
      method: 'POST',
      service: 'ecr',
      region: 'us-east-1',
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
      },
      body: JSON.stringify(input),
    },
    ROOT_KEY,
  );
  const headers = Object.fromEntries(Object.entries(signed.headers!).map(([name, value]) => [name, String(value)]));
  return { method: 'POST', path: '/', headers, body: signed.body as string };
}

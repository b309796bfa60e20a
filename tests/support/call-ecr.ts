/** Calls one operation of the AWS JSON API by hand, so that a test sees status, headers and body as they are. */
import { jsonOf, type Reply, rawRequest } from './raw-request.ts';
import { type Credentials, signAws } from './sign-aws.ts';

export interface EcrCall {
  readonly region?: string;
  /** What the Host header says; the address itself when left out. */
  readonly host?: string;
  readonly date?: Date;
}

const targetPrefix = 'AmazonEC2ContainerRegistry_V20150921';

/** Answers whatever came, errors too. `input` is sent as JSON, a string as it is. */
export function sendEcr(
  origin: string,
  credentials: Credentials,
  operation: string,
  input: unknown = {},
  call: EcrCall = {},
): Promise<Reply> {
  const body = typeof input === 'string' ? input : JSON.stringify(input);
  const headers = signAws(credentials, {
    host: call.host ?? new URL(origin).host,
    service: 'ecr',
    region: call.region ?? 'us-east-1',
    body,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${targetPrefix}.${operation}` },
    ...(call.date === undefined ? {} : { date: call.date }),
  });
  return rawRequest(origin, 'POST', '/', { headers, body });
}

/** Answers the output; throws with the server's own words when the answer is not 200. */
export async function callEcr<Output = Record<string, unknown>>(
  origin: string,
  credentials: Credentials,
  operation: string,
  input: unknown = {},
  call: EcrCall = {},
): Promise<Output> {
  const reply = await sendEcr(origin, credentials, operation, input, call);
  if (reply.status !== 200) throw new Error(`${operation} answered ${reply.status}: ${reply.body.toString('utf8')}`);
  return jsonOf(reply) as Output;
}

/** The docker password of the root caller, as `aws ecr get-login-password` prints it. */
export async function fetchDockerToken(origin: string, credentials: Credentials, call: EcrCall = {}): Promise<string> {
  const output = await callEcr<{ authorizationData: { authorizationToken: string }[] }>(
    origin,
    credentials,
    'GetAuthorizationToken',
    {},
    call,
  );
  const [data] = output.authorizationData;
  if (data === undefined) throw new Error('GetAuthorizationToken answered no authorizationData');
  return Buffer.from(data.authorizationToken, 'base64').toString('utf8').replace(/^AWS:/, '');
}

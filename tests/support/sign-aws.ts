/** Signs a request with Signature Version 4 through `aws4`, which shares no code with the verifier under test. */
import aws4 from 'aws4';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface RequestToSign {
  readonly method?: string;
  /** The value of the Host header. */
  readonly host: string;
  /** Path and query. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly service: string;
  readonly region: string;
  /** When the request claims to be signed; now when left out. */
  readonly date?: Date;
  /** Temporary credentials carry one. */
  readonly sessionToken?: string;
}

/** Returns all headers to send, `host` and `authorization` included, under lower-case names. */
export function signAws(credentials: Credentials, request: RequestToSign): Record<string, string> {
  const signed = aws4.sign(
    {
      method: request.method ?? 'POST',
      host: request.host,
      path: request.path ?? '/',
      service: request.service,
      region: request.region,
      body: request.body ?? '',
      headers: {
        ...request.headers,
        ...(request.date === undefined ? {} : { 'X-Amz-Date': amzDate(request.date) }),
      },
    },
    { ...credentials, ...(request.sessionToken === undefined ? {} : { sessionToken: request.sessionToken }) },
  );
  return Object.fromEntries(
    Object.entries(signed.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

/** `20260131T235959Z` */
export function amzDate(date: Date): string {
  return date.toISOString().replace(/[-:]|\.\d{3}/g, '');
}

/** URLs under which anybody may read an object for a while, so that layers need not pass through this server. */
import type { S3Client } from '@aws-sdk/client-s3';
import { loadSigner, type Sdk } from './load-sdk.ts';

export type Presign = (location: string, options: { method: 'GET' | 'HEAD'; expiresMs: number }) => Promise<string>;

interface BuiltRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
}

/** Resolves with a function that asks nothing of the store. Credentials of instance roles may expire before the URL does: then it ends with them. */
export async function createPresign(
  sdk: Sdk,
  client: S3Client,
  { bucket, prefix, region }: { bucket: string; prefix: string; region: string },
): Promise<Presign> {
  const { SignatureV4 } = await loadSigner();
  const { protocol, hostname, port, path } = await builtRequest(sdk, client, bucket, `${prefix}x`);
  const before = path.slice(0, -1);
  const { credentials, sha256 } = client.config;
  const signer = new SignatureV4({ service: 's3', region, credentials, sha256, uriEscapePath: false });
  const host = port === undefined ? hostname : `${hostname}:${port}`;

  return async (location, { method, expiresMs }) => {
    const signed = await signer.presign(
      {
        method,
        protocol,
        hostname,
        ...(port !== undefined && { port }),
        path: before + location,
        // Registries say so of every blob; what the store guessed would be another type.
        query: { 'response-content-type': 'application/octet-stream' },
        headers: { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      },
      { expiresIn: Math.max(1, Math.floor(expiresMs / 1000)) },
    );
    const query = Object.entries(signed.query ?? {}).map(
      ([name, value]) => `${escapeQuery(name)}=${escapeQuery(String(value))}`,
    );
    return `${protocol}//${host}${signed.path}?${query.join('&')}`;
  };
}

/** What the SDK would send for the key: only it knows the host names of all regions. Nothing is sent. */
async function builtRequest(sdk: Sdk, client: S3Client, bucket: string, key: string): Promise<BuiltRequest> {
  const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key });
  let built: BuiltRequest | undefined;
  command.middlewareStack.add(
    () => async (args) => {
      built = args.request as BuiltRequest;
      return { response: {}, output: { $metadata: {} } };
    },
    { step: 'build', name: 'catchRequest' },
  );
  await client.send(command);
  if (!built) throw new TypeError('The AWS SDK built no request.');
  return built;
}

/** As S3 wants it: encodeURIComponent leaves these. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * The floor: what node:http and node:fs cost when nothing is checked, looked up or kept. A manifest is 1 KB from memory, a blob
 * a file, a push a synced file under its digest's name. Run as `node bare-node-server.ts DIRECTORY PORT`.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const directory = process.argv[2]!;
const manifest = Buffer.alloc(1024, 'x');
const digests = new Map<string, string>();
mkdirSync(directory, { recursive: true });

createServer((request, response) => {
  answer(request, response).catch((error: Error) => response.destroy(error));
}).listen(Number(process.argv[3]), '127.0.0.1');

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '', query = ''] = request.url!.split('?');
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (path.includes('/manifests/')) {
    if (request.method === 'PUT') return created(request, response);
    response.writeHead(200, { 'content-type': 'application/vnd.oci.image.manifest.v1+json', 'content-length': 1024 });
    response.end(request.method === 'HEAD' ? undefined : manifest);
  } else if (path.includes('/uploads/')) await upload(request, response, path, name, query);
  else if (path.includes('/blobs/')) sendBlob(request, response, name);
  else response.writeHead(200, { 'content-length': 0 }).end();
}

async function upload(request: IncomingMessage, response: ServerResponse, path: string, id: string, query: string) {
  if (request.method === 'POST') {
    response.writeHead(202, { location: `${path}${randomUUID()}`, 'content-length': 0 }).end();
  } else if (request.method === 'PATCH') {
    const hash = createHash('sha256');
    const hashed = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        hash.update(chunk);
        yield chunk;
      }
    };
    await pipeline(request, hashed, createWriteStream(join(directory, id)));
    digests.set(id, `sha256:${hash.digest('hex')}`);
    response.writeHead(202, { location: path, 'content-length': 0 }).end();
  } else {
    const digest = decodeURIComponent(query.slice('digest='.length));
    await sync(join(directory, id));
    await rename(join(directory, id), join(directory, digest));
    await sync(directory);
    const right = digests.get(id) === digest;
    digests.delete(id);
    response.writeHead(right ? 201 : 400, { 'content-length': 0 }).end();
  }
}

function sendBlob(request: IncomingMessage, response: ServerResponse, digest: string): void {
  const stats = statSync(join(directory, digest), { throwIfNoEntry: false });
  if (stats === undefined) response.writeHead(404, { 'content-length': 0 }).end();
  else {
    response.writeHead(200, { 'content-length': stats.size });
    if (request.method === 'HEAD') response.end();
    else createReadStream(join(directory, digest), { highWaterMark: 256 << 10 }).pipe(response);
  }
}

async function created(request: IncomingMessage, response: ServerResponse): Promise<void> {
  for await (const _ of request);
  response.writeHead(201, { 'content-length': 0 }).end();
}

async function sync(path: string): Promise<void> {
  const file = await open(path);
  await file.sync();
  await file.close();
}

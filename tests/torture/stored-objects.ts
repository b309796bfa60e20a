/** What a registry has stored, seen from behind its back: files below its data directory, or objects of its prefix in a bucket. */
import { readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import pg from 'pg';
import { sha256Digest } from '../black-box/content.ts';
import { signAws } from '../support/sign-aws.ts';
import type { StoreServers, TestStores } from '../support/test-stores.ts';
import { listStoredFiles } from './stored-files.ts';

export interface StoredObjects {
  /** Every object, of uploads, too. */
  list(): Promise<string[]>;
  read(name: string): Promise<Buffer>;
  remove(name: string): Promise<void>;
  /**
   * Those that no row knows. Where several processes may serve they are left alone for an hour, since another may just be about to write their
   * row; only one process alone removes them at once.
   */
  orphans(names: readonly string[]): Promise<ReadonlySet<string>>;
}

export function storedFiles(data: string): StoredObjects {
  return {
    list: () => listStoredFiles(data),
    read: (file) => readFile(file),
    remove: (file) => rm(file),
    // They are removed at once here, so none is excused.
    orphans: async () => new Set(),
  };
}

export interface StoredInBucket extends StoredObjects {
  /** Replaces the object under its name, as only somebody can who has the key of the bucket. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

type S3 = StoreServers['s3'];

/** Everything that registries on these stores have put there. Rejects with the store's answer when it refuses. */
export function storedInBucket(s3: S3, stores: TestStores): StoredInBucket {
  const prefix = `${new URL(stores.settings.blobs!).pathname.slice(1)}/`;
  const path = (name: string) => `/${s3.bucket}/${name.split('/').map(encodeURIComponent).join('/')}`;
  return {
    async list() {
      const names: string[] = [];
      let token: string | undefined;
      do {
        // Signed as it is sent: in order of names.
        const page = token === undefined ? '' : `continuation-token=${encodeURIComponent(token)}&`;
        const query = `?${page}list-type=2&prefix=${encodeURIComponent(prefix)}`;
        const answer = (await askS3(s3, 'GET', `/${s3.bucket}${query}`)).toString();
        // All but the mark, which says whose they are.
        for (const [, key] of answer.matchAll(/<Key>([^<]+)<\/Key>/g)) {
          if (key !== `${prefix}installation`) names.push(key!);
        }
        token = /<NextContinuationToken>([^<]+)</.exec(answer)?.[1];
      } while (token !== undefined);
      return names;
    },
    read: (name) => askS3(s3, 'GET', path(name)),
    remove: async (name) => void (await askS3(s3, 'DELETE', path(name))),
    orphans: async (names) => {
      const client = new pg.Client({ connectionString: stores.settings.database });
      await client.connect();
      try {
        // An upload's objects are named after its key.
        const { rows } = await client.query<{ name: string }>(
          `select name from unnest($1::text[]) name
           where not exists (select from blobs where position(location in name) > 0)
             and not exists (select from uploads where position(object_key in name) > 0)`,
          [names],
        );
        return new Set(rows.map(({ name }) => name));
      } finally {
        await client.end();
      }
    },
    write: async (name, bytes) => void (await askS3(s3, 'PUT', path(name), bytes)),
  };
}

/** Finds objects by what they held when it first saw them: each is read once. The answer throws Error when nothing stored holds these bytes. */
export function createObjectFinder(objects: StoredObjects): (content: { readonly digest: string }) => Promise<string> {
  const held = new Map<string, string>();
  return async ({ digest }) => {
    for (const name of await objects.list()) {
      if (!held.has(name)) held.set(name, sha256Digest(await objects.read(name)));
      if (held.get(name) === digest) return name;
    }
    throw new Error(`nothing stored holds ${digest}`);
  };
}

function askS3(s3: S3, method: string, path: string, body: Uint8Array = Buffer.alloc(0)): Promise<Buffer> {
  const { host } = new URL(s3.endpoint);
  const headers = signAws(s3, { method, host, path, body: Buffer.from(body), service: 's3', region: s3.region });
  return new Promise((resolve, reject) => {
    const sent = request(`${s3.endpoint}${path}`, { method, headers, agent: false }, (answer) => {
      buffer(answer).then((bytes) => {
        if ((answer.statusCode ?? 0) < 300) resolve(bytes);
        else reject(new Error(`${method} ${path} answered ${answer.statusCode} ${bytes.toString().slice(0, 300)}`));
      }, reject);
    });
    sent.on('error', reject).end(body);
  });
}

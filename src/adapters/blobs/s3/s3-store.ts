/** What the operations of one S3 blob store share: S3's requests, each tried again as far as that helps. Made by open-s3-blobs.ts. */
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Sdk } from './load-sdk.ts';
import type { Calls } from './retry-calls.ts';
import { isRefusal } from './s3-failure.ts';
import type { StoredPart } from './upload-state.ts';

/** What an object looks like from outside. */
export interface Look {
  readonly size: number;
  readonly etag: string;
}

/** An object as it comes: a part of it from `first` on, or all. */
export interface Incoming extends Look {
  readonly body: Readable;
}

/** Bytes to send. They are read again for every attempt. */
export interface Outgoing {
  readonly size: number;
  readonly pieces: readonly Uint8Array[];
  /** In hex; the store refuses what does not match. Left out where TLS protects the way. */
  readonly sha256: string | undefined;
}

/** Bytes first..last; to the end without `last`. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

export interface S3Store {
  put(location: string, bytes: Outgoing): Promise<{ etag: string }>;
  /** Undefined when it is not there. */
  look(location: string): Promise<Look | undefined>;
  /** Rejects with S3Refusal when it is not there, or not the one with that ETag. */
  get(location: string, options?: { span?: Span; etag?: string }): Promise<Incoming>;
  /** Fine when it is not there. */
  remove(location: string): Promise<void>;
  begin(location: string): Promise<string>;
  putPart(location: string, id: string, number: number, bytes: Outgoing): Promise<StoredPart>;
  /** A part of bytes that lie in the store. Of which object is not sure: Swift knows no condition for one that was made of parts. */
  copyPart(location: string, id: string, number: number, source: { from: string; span: Span }): Promise<StoredPart>;
  /** Rejects with S3Refusal when there is no such upload (any more), or its parts are others than these. */
  complete(location: string, id: string, parts: readonly StoredPart[]): Promise<void>;
  /** Fine when there is no such upload. */
  abandon(location: string, id: string): Promise<void>;
  list(prefix: string): AsyncGenerator<readonly { location: string; at: Date | undefined }[]>;
  listMultiparts(prefix: string): AsyncGenerator<readonly { location: string; id: string; at: Date | undefined }[]>;
}

export interface S3StoreOptions {
  readonly sdk: Sdk;
  readonly client: S3Client;
  readonly calls: Calls;
  readonly bucket: string;
  /** Empty, or ends with a slash. */
  readonly prefix: string;
}

export function createS3Store({ sdk, client, calls, bucket, prefix }: S3StoreOptions): S3Store {
  const at = (location: string) => ({ Bucket: bucket, Key: prefix + location });

  function upload<Command extends { middlewareStack: { add: (...args: never[]) => void } }>(
    bytes: Outgoing,
    create: (body: Readable) => Command,
    send: (command: Command) => Promise<{ ETag?: string | undefined }>,
  ): Promise<{ etag: string }> {
    const body = Readable.from(bytes.pieces.map(asBuffer), { objectMode: false, highWaterMark: 1024 * 1024 });
    const command = create(body);
    if (bytes.sha256 !== undefined) claimSha256(command, bytes.sha256);
    return send(command)
      .then(({ ETag }) => ({ etag: required(ETag) }))
      .finally(() => body.destroy());
  }

  return {
    put(location, bytes) {
      return calls((abortSignal) =>
        upload(
          bytes,
          (Body) => new sdk.PutObjectCommand({ ...at(location), Body, ContentLength: bytes.size }),
          (command) => client.send(command, { abortSignal }),
        ),
      );
    },

    async look(location) {
      try {
        return await calls(async (abortSignal) => {
          const { ContentLength, ETag } = await client.send(new sdk.HeadObjectCommand(at(location)), { abortSignal });
          return { size: required(ContentLength), etag: required(ETag) };
        });
      } catch (error) {
        if (isRefusal(error, 'absent')) return undefined;
        throw error;
      }
    },

    get(location, { span, etag } = {}) {
      return calls(async (abortSignal) => {
        const answer = await client.send(
          new sdk.GetObjectCommand({
            ...at(location),
            ...(span && { Range: `bytes=${span.first}-${span.last}` }),
            ...(etag !== undefined && { IfMatch: etag }),
          }),
          { abortSignal },
        );
        const body = required(answer.Body) as unknown as Readable;
        try {
          return { body, size: sizeOf(answer, span), etag: required(answer.ETag) };
        } catch (error) {
          body.on('error', () => {}).destroy();
          throw error;
        }
      });
    },

    async remove(location) {
      try {
        await calls((abortSignal) => client.send(new sdk.DeleteObjectCommand(at(location)), { abortSignal }));
      } catch (error) {
        if (!isRefusal(error, 'absent')) throw error;
      }
    },

    begin(location) {
      return calls(async (abortSignal) => {
        const command = new sdk.CreateMultipartUploadCommand(at(location));
        return required((await client.send(command, { abortSignal })).UploadId);
      });
    },

    async putPart(location, id, number, bytes) {
      const { etag } = await calls((abortSignal) =>
        upload(
          bytes,
          (Body) =>
            new sdk.UploadPartCommand({
              ...at(location),
              UploadId: id,
              PartNumber: number,
              Body,
              ContentLength: bytes.size,
            }),
          (command) => client.send(command, { abortSignal }),
        ),
      );
      return { etag, size: bytes.size };
    },

    async copyPart(location, id, number, { from, span }) {
      const answer = await calls((abortSignal) => {
        const command = new sdk.UploadPartCopyCommand({
          ...at(location),
          UploadId: id,
          PartNumber: number,
          CopySource: encodeURI(`${bucket}/${prefix}${from}`),
          CopySourceRange: `bytes=${span.first}-${span.last}`,
        });
        return client.send(command, { abortSignal }).then(({ CopyPartResult }) => required(CopyPartResult?.ETag));
      });
      return { etag: answer, size: span.last - span.first + 1 };
    },

    async complete(location, id, parts) {
      const Parts = parts.map(({ etag }, index) => ({ ETag: etag, PartNumber: index + 1 }));
      await calls(async (abortSignal) => {
        const command = new sdk.CompleteMultipartUploadCommand({
          ...at(location),
          UploadId: id,
          MultipartUpload: { Parts },
        });
        // Behind a 200 there may be an error: then the SDK throws. What has no ETag is no answer of S3's at all.
        required((await client.send(command, { abortSignal })).ETag);
      });
    },

    async abandon(location, id) {
      try {
        const command = new sdk.AbortMultipartUploadCommand({ ...at(location), UploadId: id });
        await calls((abortSignal) => client.send(command, { abortSignal }));
      } catch (error) {
        if (!isRefusal(error, 'absent', 'no-upload')) throw error;
      }
    },

    async *list(from) {
      for (let token: string | undefined, more = true; more; ) {
        const page = await calls((abortSignal) => {
          const input = { Bucket: bucket, Prefix: prefix + from, ...(token && { ContinuationToken: token }) };
          return client.send(new sdk.ListObjectsV2Command(input), { abortSignal });
        });
        token = page.NextContinuationToken;
        more = page.IsTruncated === true && token !== undefined;
        yield (page.Contents ?? []).map(({ Key = '', LastModified }) => ({
          location: Key.slice(prefix.length),
          at: LastModified,
        }));
      }
    },

    async *listMultiparts(from) {
      let marks = {};
      for (let more = true; more; ) {
        const page = await calls((abortSignal) => {
          const input = { Bucket: bucket, Prefix: prefix + from, ...marks };
          return client.send(new sdk.ListMultipartUploadsCommand(input), { abortSignal });
        });
        more = page.IsTruncated === true && page.NextKeyMarker !== undefined;
        marks = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
        yield (page.Uploads ?? []).map(({ Key = '', UploadId = '', Initiated }) => ({
          location: Key.slice(prefix.length),
          id: UploadId,
          at: Initiated,
        }));
      }
    },
  };
}

/** What every S3 answers; without it the answer was not S3's. Such an answer may pass, as a 200 that could not be understood. */
function required<T>(value: T | undefined): T {
  if (value !== undefined && value !== '') return value;
  throw Object.assign(new Error('The answer lacks what S3 always says.'), { name: 'UnusableAnswer' });
}

/** The size of the whole object. What is not the range that was asked for is no usable answer. */
function sizeOf(
  answer: { ContentLength?: number | undefined; ContentRange?: string | undefined },
  span: Span | undefined,
): number {
  const length = required(answer.ContentLength);
  if (!span) return length;
  const [, first, last, size] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(answer.ContentRange ?? '') ?? [];
  const isRight = Number(first) === span.first && Number(last) === span.last && length === span.last - span.first + 1;
  return required(isRight ? Number(size) : undefined);
}

/** The SDK takes what the header says instead of hashing the body, or of leaving it unsigned because it is a stream. */
function claimSha256(command: { middlewareStack: { add: (...args: never[]) => void } }, sha256: string): void {
  const claim =
    (next: (args: unknown) => Promise<unknown>) => (args: { request: { headers: Record<string, string> } }) => {
      args.request.headers['x-amz-content-sha256'] = sha256;
      return next(args);
    };
  const stack = command.middlewareStack as unknown as { add(middleware: typeof claim, options: object): void };
  stack.add(claim, { step: 'build', name: 'claimSha256' });
}

/** A view of the same memory. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

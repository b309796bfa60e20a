/** The blob store port, timed. Sending and appending take as long as the client does, so they say little; they are counted all the same. */
import type { OperationTimings } from '../../lib/operation-timings.ts';
import type { BlobStore, OpenBlob } from '../../ports/blob-store.ts';

export function timedBlobs(blobs: BlobStore, timings: OperationTimings): BlobStore {
  const timedBlob = (blob: OpenBlob): OpenBlob => ({
    size: blob.size,
    trusted: blob.trusted,
    send: (to) => timings.time('send', blob.send(to)),
    close: () => blob.close(),
  });
  return {
    startUpload: () => blobs.startUpload(),
    append: (upload, offset, source, options) => timings.time('append', blobs.append(upload, offset, source, options)),
    commit: (upload, expected) => timings.time('commit', blobs.commit(upload, expected)),
    takeOver: (upload, offset) => timings.time('take-over', blobs.takeOver(upload, offset)),
    abort: (upload) => timings.time('abort', blobs.abort(upload)),
    check: (blob) => timings.time('check', blobs.check(blob)),
    verify: (blob) => timings.time('verify', blobs.verify(blob)),
    open: async (blob, range) => timedBlob(await timings.time('open', blobs.open(blob, range))),
    presign: (blob, options) => timings.time('presign', blobs.presign(blob, options)),
    remove: (location) => timings.time('remove', blobs.remove(location)),
    listObjects: () => blobs.listObjects(),
    readMark: () => timings.time('read-mark', blobs.readMark()),
    leaveMark: (mark) => timings.time('leave-mark', blobs.leaveMark(mark)),
    ping: () => timings.time('ping', blobs.ping()),
    close: () => blobs.close(),
  };
}

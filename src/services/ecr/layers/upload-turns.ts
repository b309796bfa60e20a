/** Sees to it that one request at a time works on an upload, within this process. Across processes claims do (hold-upload.ts). */
export interface UploadTurns {
  /** Runs `work` alone, or answers `busy` without running it when another request works on the upload. */
  tryAlone<T>(uploadId: string, work: () => Promise<T>): Promise<T | 'busy'>;
  /** Runs `work` alone, after whoever came before. */
  alone<T>(uploadId: string, work: () => Promise<T>): Promise<T>;
  /** Object keys that are being written without a row that knows them: a sweep must spare them. */
  readonly unrecordedObjects: Set<string>;
  /** Uploads being worked on now. */
  readonly active: number;
}

export function createUploadTurns(): UploadTurns {
  const last = new Map<string, Promise<unknown>>();

  async function alone<T>(uploadId: string, work: () => Promise<T>): Promise<T> {
    const before = last.get(uploadId);
    const turn = before === undefined ? work() : before.then(work, work);
    last.set(uploadId, turn);
    try {
      return await turn;
    } finally {
      if (last.get(uploadId) === turn) last.delete(uploadId);
    }
  }

  return {
    alone,
    tryAlone: async (uploadId, work) => (last.has(uploadId) ? 'busy' : alone(uploadId, work)),
    unrecordedObjects: new Set(),
    get active() {
      return last.size;
    },
  };
}

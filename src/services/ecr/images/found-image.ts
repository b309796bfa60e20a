/** An image as a pull needs it. */

/** The same object is handed out as long as it is cached, so that callers may hang things on it in a WeakMap. */
export interface FoundImage {
  readonly id: number;
  readonly repositoryId: number;
  readonly digest: string;
  readonly mediaType: string;
  readonly manifest: Buffer;
  readonly subjectDigest: string | undefined;
}

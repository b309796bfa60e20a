/** Where a restore or a move puts an installation: nothing is there until `keep`, and then all of it. */
import type { BlobStore } from './blob-store.ts';
import type { CopyLedger, DatabaseDraft } from './database-copy.ts';
import type { Keys } from './keys.ts';

/** `keys.json` or a root access key, as it lies in a data directory. */
export interface SecretFile {
  readonly name: string;
  readonly text: string;
}

export interface NewInstallation {
  readonly blobs: BlobStore;
  /** The keys that its settings fix; undefined when it takes over those of the old one. */
  readonly keys: Keys | undefined;
  /** What was copied here already, by an earlier run too. */
  readonly ledger: CopyLedger;
  /** A location of the blob store at which nothing lies or ever will. */
  placeOfNothing(digest: string): string;
  /** Makes a draft of the database: `write` puts a copy at the path it is given. Replaces an earlier draft. */
  draft(write: (path: string) => Promise<void>): Promise<DatabaseDraft>;
  /**
   * Keeps a small file that only its owner may read, unless the installation has no use for it. Rejects with TargetInUse when there is one of
   * that name with another text.
   */
  addSecretFile(file: SecretFile): Promise<void>;
  /** Closes the draft and makes it the database. Rejects with TargetInUse when there is one by now; the draft is no database then. */
  keep(draft: DatabaseDraft): Promise<void>;
  close(): Promise<void>;
}

/** There is something already where the installation should go; the message says what to do. */
export class TargetInUse extends Error {
  override readonly name = 'TargetInUse';
}

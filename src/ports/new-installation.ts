/** Where a restore or a move puts an installation: nothing is there until `keep`, and then all of it. */
import type { BlobStore } from './blob-store.ts';
import type { CopyLedger, DatabaseDraft } from './database-copy.ts';

export interface NewInstallation {
  readonly blobs: BlobStore;
  /** What was copied here already, by an earlier run too. */
  readonly ledger: CopyLedger;
  /** A location of the blob store at which nothing lies or ever will. */
  placeOfNothing(digest: string): string;
  /** Makes a draft of the database: `write` puts a copy at the path it is given. Replaces an earlier draft. */
  draft(write: (path: string) => Promise<void>): Promise<DatabaseDraft>;
  /** Keeps a small file that only its owner may read. Rejects with TargetInUse when there is one of that name with another text. */
  addSecretFile(file: { readonly name: string; readonly text: string }): Promise<void>;
  /** Closes the draft and makes it the database. Rejects with TargetInUse when there is one by now; the draft is no database then. */
  keep(draft: DatabaseDraft): Promise<void>;
  close(): Promise<void>;
}

/** There is something already where the installation should go; the message says what to do. */
export class TargetInUse extends Error {
  override readonly name = 'TargetInUse';
}

/** A copy of the database in a file of its own: what backup, restore and move read layers from and settle before it becomes a database again. */
import type { BlobRecord } from './records.ts';

/** A layer as the copy names it. */
export type CopiedLayer = Pick<BlobRecord, 'id' | 'digest' | 'size' | 'location' | 'fingerprint' | 'damaged'>;

export interface DatabaseCopy {
  sums(): { readonly layers: number; readonly bytes: number };
  /** Every layer, in slices by id. */
  layers(): Iterable<readonly CopiedLayer[]>;
  names(digest: string): boolean;
  close(): void;
}

/** A copy that is being made ready to be a database. */
export interface DatabaseDraft extends DatabaseCopy {
  /** The layers lie there now; `lost` ones count as damaged, so that the next push heals them. All or nothing. */
  relocate(
    layers: Iterable<{
      readonly id: number;
      readonly location: string;
      readonly fingerprint: string;
      readonly lost: boolean;
    }>,
    at: number,
  ): void;
  /** What the installation agreed on under this name; `value` from now on when it had not yet. */
  fixInstallationValue(name: string, value: string): string;
  /** Seals every access key anew, as `seal` answers; which keys the installation has is fixed again at its next start. */
  reseal(seal: (accessKeyId: string, sealedSecret: Uint8Array) => Uint8Array): void;
  /** Drops what means nothing elsewhere (open uploads, changes told to caches); synced when it returns. */
  settle(): void;
}

/** Which layers were copied to where; survives an interruption, so that copying goes on where it stopped. */
export interface CopyLedger {
  find(digest: string): { readonly location: string; readonly fingerprint: string } | undefined;
  add(layer: { readonly digest: string; readonly location: string; readonly fingerprint: string }): void;
  forget(digest: string): void;
  close(): void;
}

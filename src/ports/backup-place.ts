/**
 * What we ask of the place where backups are kept: layers under their digests, each once, and snapshots of the database that name them.
 *
 * A snapshot is begun, filled and completed; until then nobody sees it, and one that was cut off hurts no other. Layers are
 * never changed, so that what is there already is not copied again.
 */
import type { Readable } from 'node:stream';
import type { SecretFile } from './new-installation.ts';

/** A layer as a backup knows it. */
export interface BackupLayer {
  readonly digest: string;
  readonly size: number;
}

/** What a complete snapshot says of itself. */
export interface SnapshotManifest {
  readonly takenAt: string;
  /** The Longshore that took it. */
  readonly longshore: string;
  readonly layers: number;
  readonly bytes: number;
  /** Digests of layers that the database names and that were damaged or missing when the snapshot was taken. */
  readonly lost: readonly string[];
  /** Size and sha256 of every other file of the snapshot. */
  readonly files: Readonly<Record<string, { readonly size: number; readonly sha256: string }>>;
}

export interface Snapshot {
  /** Of its time, so that the order of names is the order of snapshots. */
  readonly name: string;
  readonly manifest: SnapshotManifest;
}

export interface NewSnapshot {
  /** Where the copy of the database must be written. */
  readonly databasePath: string;
  /** Adds a small file that only its owner may read. */
  addSecretFile(name: string, text: string): Promise<void>;
  /** Makes it durable, with its layers, and puts it beside the others. */
  complete(facts: Omit<SnapshotManifest, 'files'>): Promise<Snapshot>;
}

export interface BackupPlace {
  /** Whether the layer is there with its size; reads nothing of it. */
  hasLayer(layer: BackupLayer): Promise<boolean>;
  /** Reads the layer; whether it is there with its digest. */
  verifyLayer(layer: BackupLayer): Promise<boolean>;
  /**
   * Keeps a layer, hashing it as it passes, in place of what is there. Rejects with DigestMismatch when the bytes are others, with what the
   * source fails with, and with BackupUnavailable when the place cannot keep it; nothing is changed then.
   */
  writeLayer(layer: BackupLayer, source: Readable): Promise<void>;
  /** Undefined when it is not there or has another size. The bytes are not checked. */
  readLayer(layer: BackupLayer): Promise<Readable | undefined>;
  /** Every layer there is, by digest, in slices. */
  listLayers(): AsyncIterable<readonly string[]>;
  removeLayer(digest: string): Promise<void>;
  /** Begins a snapshot; what an earlier one left that was never completed goes. */
  beginSnapshot(takenAt: number): Promise<NewSnapshot>;
  /** The complete ones, the oldest first. */
  listSnapshots(): Promise<Snapshot[]>;
  /** Compares the files of a snapshot with its manifest; answers the names of those that are damaged or missing. */
  verifySnapshot(snapshot: Snapshot): Promise<string[]>;
  /** Path of the copy of the database; not to be written to. */
  databaseOf(snapshot: Snapshot): string;
  /** The small files that were added, with their texts. */
  secretFilesOf(snapshot: Snapshot): Promise<SecretFile[]>;
  removeSnapshot(snapshot: Snapshot): Promise<void>;
  /** Others may use the place again. */
  close(): Promise<void>;
}

/** The place cannot be used; the message says what to do. */
export class BackupUnavailable extends Error {
  override readonly name = 'BackupUnavailable';
}

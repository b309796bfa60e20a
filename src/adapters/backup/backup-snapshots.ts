/** The snapshots of a backup: a directory each, named after its time, moved to its name when it is complete. */
import { chmod, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BackupPlace,
  BackupUnavailable,
  type NewSnapshot,
  type Snapshot,
  type SnapshotManifest,
} from '../../ports/backup-place.ts';
import {
  digestOfFile,
  ensureDirectory,
  namesIn,
  removeTree,
  sizeOfFile,
  syncPath,
  writeDurably,
} from './durable-files.ts';

const DATABASE = 'database.sqlite';
const MANIFEST = 'manifest.json';
const NAME = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/;
/** Of the manifest and of the layout around it. */
const FORMAT = 1;

type SnapshotCalls = Pick<
  BackupPlace,
  'beginSnapshot' | 'listSnapshots' | 'verifySnapshot' | 'databaseOf' | 'secretFilesOf' | 'removeSnapshot'
>;

/** `beforeCompletion` makes the layers durable that a snapshot names. */
export function backupSnapshots(
  directory: string,
  staging: string,
  beforeCompletion: () => Promise<void>,
): SnapshotCalls {
  const at = ({ name }: Pick<Snapshot, 'name'>, file: string) => join(directory, name, file);

  async function readSnapshot(name: string): Promise<Snapshot> {
    const text = await readFile(at({ name }, MANIFEST), 'utf8');
    const { format, ...manifest } = JSON.parse(text) as SnapshotManifest & { format: number };
    if (format !== FORMAT) {
      throw new BackupUnavailable(
        `The snapshot ${name} has format ${String(format)}; this Longshore knows ${FORMAT}. Use the Longshore that made it, or a newer one.`,
      );
    }
    return { name, manifest };
  }

  return {
    async beginSnapshot(takenAt) {
      await removeTree(staging);
      await ensureDirectory(staging);
      const name = new Date(takenAt).toISOString().replaceAll(':', '-');
      const inside = join(staging, name);
      await ensureDirectory(inside);
      return newSnapshot({ name, inside, staging, directory, beforeCompletion, readSnapshot });
    },
    async listSnapshots() {
      const names = (await namesIn(directory)).filter((name) => NAME.test(name));
      return Promise.all(names.map(readSnapshot));
    },
    async verifySnapshot(snapshot) {
      const wrong: string[] = [];
      for (const [file, { size, sha256 }] of Object.entries(snapshot.manifest.files)) {
        const path = at(snapshot, file);
        if ((await sizeOfFile(path)) !== size || (await digestOfFile(path, 'sha256')) !== sha256) wrong.push(file);
      }
      return wrong;
    },
    databaseOf: (snapshot) => at(snapshot, DATABASE),
    secretFilesOf: (snapshot) =>
      Promise.all(
        Object.keys(snapshot.manifest.files)
          .filter((name) => name !== DATABASE)
          .map(async (name) => ({ name, text: await readFile(at(snapshot, name), 'utf8') })),
      ),
    async removeSnapshot({ name }) {
      // Renamed first: half a snapshot never looks like one.
      const doomed = join(directory, `removing-${name}`);
      await rename(join(directory, name), doomed);
      await removeTree(doomed);
      await syncPath(directory);
    },
  };
}

function newSnapshot({
  name,
  inside,
  staging,
  directory,
  beforeCompletion,
  readSnapshot,
}: {
  name: string;
  /** Where it lies until it is complete. */
  inside: string;
  staging: string;
  directory: string;
  beforeCompletion: () => Promise<void>;
  readSnapshot: (name: string) => Promise<Snapshot>;
}): NewSnapshot {
  return {
    databasePath: join(inside, DATABASE),
    async addSecretFile(file, text) {
      await writeDurably(join(inside, file), staging, [Buffer.from(text)]);
    },
    async complete(facts) {
      await chmod(join(inside, DATABASE), 0o600);
      await syncPath(join(inside, DATABASE));
      const files: Record<string, { size: number; sha256: string }> = {};
      for (const file of await namesIn(inside)) {
        const path = join(inside, file);
        files[file] = { size: (await sizeOfFile(path)) ?? 0, sha256: await digestOfFile(path, 'sha256') };
      }
      const manifest = `${JSON.stringify({ format: FORMAT, ...facts, files }, null, 2)}\n`;
      await writeDurably(join(inside, MANIFEST), staging, [Buffer.from(manifest)]);
      await syncPath(inside);
      await beforeCompletion();
      await rename(inside, join(directory, name));
      await syncPath(directory);
      return readSnapshot(name);
    },
  };
}

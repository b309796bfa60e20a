/** The data directory: whose it is, who else may read it, how much room there is, and whether its file system can be trusted. */
import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { good, type HealthFinding, problem, warning } from '../../ports/health-finding.ts';

const ABOUT = 'data directory';
const GIB = 2 ** 30;

export interface DataDirectoryUse {
  readonly path: string;
  /** SQLite lies there; it needs locks that network file systems do not keep. */
  readonly database: boolean;
  readonly layers: boolean;
}

/** Changes nothing; a directory that is not there yet is judged by where it would come to lie. */
export async function checkDataDirectory({ path, database, layers }: DataDirectoryUse): Promise<HealthFinding[]> {
  const directory = resolve(path);
  const look = await stat(directory).catch((error: NodeJS.ErrnoException) => error);
  if (look instanceof Error) {
    if (look.code !== 'ENOENT')
      return [
        problem(
          ABOUT,
          `${directory} cannot be looked at (${look.message})`,
          'Run as its owner, or choose another with --data.',
        ),
      ];
    return checkFutureDirectory(directory);
  }
  if (!look.isDirectory()) return [problem(ABOUT, `${directory} is a file`, 'Choose another directory with --data.')];
  const findings = [await checkAccess(directory), ...(await checkSecrets(directory, look.mode))];
  return [...findings, ...(await checkRoom(directory, layers)), ...(await checkFileSystem(directory, database))];
}

async function checkFutureDirectory(directory: string): Promise<HealthFinding[]> {
  let parent = dirname(directory);
  while (!(await stat(parent).catch(() => undefined)) && parent !== dirname(parent)) parent = dirname(parent);
  if (await mayWrite(parent)) return [good(ABOUT, `${directory} is not there yet; the first start makes it`)];
  return [
    problem(
      ABOUT,
      `${directory} is not there and cannot be made in ${parent}`,
      'Make it for the user that runs Longshore, or choose another with --data.',
    ),
  ];
}

async function checkAccess(directory: string): Promise<HealthFinding> {
  const uid = process.getuid?.();
  const foreign: string[] = [];
  for (const name of ['.', ...(await readdir(directory))]) {
    const look = await stat(join(directory, name)).catch(() => undefined);
    // What root made cannot be written by whoever serves; root itself may write all.
    if (look && uid !== undefined && uid !== 0 && look.uid !== uid) foreign.push(name === '.' ? directory : name);
  }
  if (foreign.length > 0) {
    return problem(
      ABOUT,
      `other users own ${foreign.join(', ')}`,
      `Give all of it to one user: chown -R $(id -u) ${directory}`,
    );
  }
  return (await mayWrite(directory))
    ? good(ABOUT, `${directory} can be read and written`)
    : problem(ABOUT, `${directory} cannot be written`, 'Run as its owner, or mount its file system for writing.');
}

async function checkSecrets(directory: string, mode: number): Promise<HealthFinding[]> {
  const open: string[] = (mode & 0o077) === 0 ? [] : [directory];
  for (const name of await readdir(directory)) {
    if (!/\.(?:json|db)$/.test(name)) continue;
    const look = await stat(join(directory, name)).catch(() => undefined);
    if (look && (look.mode & 0o077) !== 0) open.push(join(directory, name));
  }
  if (open.length === 0) return [good('secrets', 'only their owner can read them')];
  return [
    problem(
      'secrets',
      `others may read ${open.join(', ')}`,
      `chmod go-rwx ${open.join(' ')}; whoever read the keys can be anybody.`,
    ),
  ];
}

async function checkRoom(directory: string, layers: boolean): Promise<HealthFinding[]> {
  const { bsize, bavail, blocks, ffree, files } = await statfs(directory);
  const free = bavail * bsize;
  const share = blocks === 0 ? 1 : bavail / blocks;
  const text = `${(free / GIB).toFixed(1)} GiB free (${Math.floor(100 * share)} %)`;
  const advice = layers
    ? 'Make the disk larger, delete images (garbage collection frees their layers after the grace period), or move layers to S3.'
    : 'Make the disk larger.';
  const findings: HealthFinding[] = [];
  if (free < 0.25 * GIB) findings.push(problem('disk', text, advice));
  else if (share < 0.1 || free < 2 * GIB) findings.push(warning('disk', text, advice));
  else findings.push(good('disk', text));
  // File systems without a fixed number of inodes say 0.
  if (files > 0 && ffree / files < 0.05)
    findings.push(
      warning(
        'disk',
        `only ${ffree} of ${files} inodes are free`,
        'Move to a file system with more inodes; every layer needs one.',
      ),
    );
  return findings;
}

/** What statfs says of file systems that lose locks or whose syncs mean little. */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9p'],
]);
const TMPFS = 0x01021994;

async function checkFileSystem(directory: string, database: boolean): Promise<HealthFinding[]> {
  const type = (await statfs(directory)).type >>> 0;
  if (type === TMPFS)
    return [
      warning(
        'file system',
        'the data directory is in memory (tmpfs): all is gone after a restart',
        'Choose a directory on a disk with --data.',
      ),
    ];
  const network = NETWORK.get(type);
  if (network === undefined || !database) return [];
  return [
    problem(
      'file system',
      `SQLite lies on ${network}, whose locks and syncs it cannot rely on`,
      'Keep the data directory on a local disk, or use PostgreSQL (--database).',
    ),
  ];
}

async function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}

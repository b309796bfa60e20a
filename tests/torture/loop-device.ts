/** An ext4 file system in a file, behind a loop device: what the file holds is what a disk would hold. Linux and root only. */
import { execFile, spawnSync } from 'node:child_process';
import { accessSync, constants, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface LoopDisk {
  readonly image: string;
  readonly directory: string;
  mount(): Promise<void>;
  unmount(): Promise<void>;
  /**
   * Goes back to what the device holds at this moment: whatever the file system had not written yet is gone. Whoever writes
   * must be frozen; `release` must make them let go of the disk.
   */
  losePower(release: () => Promise<void>): Promise<void>;
  dispose(): Promise<void>;
}

/** Makes and mounts a disk of so many MiB. Rejects when the machine does not allow it: ask `whyNoLoopDisks` first. */
export async function createLoopDisk(megabytes: number): Promise<LoopDisk> {
  const home = await mkdtemp(join(tmpdir(), 'longshore-disk-'));
  const image = join(home, 'image');
  const directory = join(home, 'mounted');
  await mkdir(directory);
  await writeFile(image, '');
  await truncate(image, megabytes * 2 ** 20);
  await run('mkfs.ext4', ['-q', '-F', '-m', '0', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image], SYSTEM_PATH);
  let mounted = false;
  // An interrupted run leaves no mount behind; lazily, as a server may still be dying on it.
  const letGo = () => {
    if (mounted) spawnSync('umount', ['--lazy', directory], SYSTEM_PATH);
    rmSync(home, { recursive: true, force: true });
  };
  process.once('exit', letGo);
  const disk: LoopDisk = {
    image,
    directory,
    async mount() {
      // The journal is committed only when somebody asks (commit=300), so that nothing becomes durable by mere waiting.
      await run('mount', ['-t', 'ext4', '-o', 'loop,noatime,commit=300', image, directory], SYSTEM_PATH);
      mounted = true;
    },
    async unmount() {
      if (mounted) await run('umount', [directory], SYSTEM_PATH);
      mounted = false;
    },
    async losePower(release) {
      const copy = `${image}.copy`;
      await run('cp', ['--sparse=always', '--reflink=auto', image, copy]);
      await release();
      await disk.unmount();
      await rename(copy, image);
      await disk.mount();
    },
    async dispose() {
      await disk.unmount();
      process.removeListener('exit', letGo);
      await rm(home, { recursive: true, force: true });
    },
  };
  try {
    await disk.mount();
  } catch (error) {
    await disk.dispose();
    throw error;
  }
  return disk;
}

/** A reason to skip a test, or undefined when loop disks can be had. */
export async function whyNoLoopDisks(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'loop devices exist on Linux only';
  if (process.getuid?.() !== 0) return 'mounting a disk image needs root';
  try {
    accessSync('/dev/loop-control', constants.R_OK | constants.W_OK);
    const disk = await createLoopDisk(16);
    await disk.dispose();
    return undefined;
  } catch (error) {
    return `no loop device can be had here: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Debian keeps mkfs and losetup where a plain user's PATH does not look. */
const SYSTEM_PATH = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } };

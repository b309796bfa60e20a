/**
 * The server dies with the machine: every thread is frozen, the disk is copied as the device holds it at that moment, and the
 * copy is what the next start finds. Whatever the file system had not written yet is gone.
 */
import { execFile } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startLongshore } from '../black-box/longshore-process.ts';
import { createLoopDisk } from './loop-device.ts';
import { type Stage, TRIAL_FLAGS } from './stage.ts';

const run = promisify(execFile);

/** Rejects when there are no loop disks: ask `whyNoLoopDisks` first. */
export async function createPowerCutStage(options: { port: number; megabytes: number }): Promise<Stage> {
  const disk = await createLoopDisk(options.megabytes);
  const data = join(disk.directory, 'data');
  return {
    data,
    start: (flags = []) => startLongshore({ data, port: options.port, flags: [...TRIAL_FLAGS, ...flags] }),
    async crash(server) {
      await server.freeze();
      const copy = `${disk.image}.copy`;
      await run('cp', ['--sparse=always', '--reflink=auto', disk.image, copy]);
      await server.kill();
      await disk.unmount();
      await rename(copy, disk.image);
      await disk.mount();
    },
    dispose: () => disk.dispose(),
  };
}

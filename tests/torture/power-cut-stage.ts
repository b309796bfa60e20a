/**
 * The server dies with the machine: every thread is frozen, the disk is copied as the device holds it at that moment, and the
 * copy is what the next start finds. Whatever the file system had not written yet is gone.
 */
import { join } from 'node:path';
import { startLongshore } from '../black-box/longshore-process.ts';
import { createLoopDisk } from './loop-device.ts';
import { type Stage, TRIAL_FLAGS } from './stage.ts';
import { storedFiles } from './stored-objects.ts';

/** Rejects when there are no loop disks: ask `whyNoLoopDisks` first. */
export async function createPowerCutStage(options: { port: number; megabytes: number }): Promise<Stage> {
  const disk = await createLoopDisk(options.megabytes);
  const data = join(disk.directory, 'data');
  return {
    origins: [`http://127.0.0.1:${options.port}`],
    data,
    environment: {},
    objects: storedFiles(data),
    start: (flags = []) => startLongshore({ data, port: options.port, flags: [...TRIAL_FLAGS, ...flags] }),
    async crash(server) {
      await server.freeze();
      await disk.losePower(() => server.kill());
    },
    dispose: () => disk.dispose(),
  };
}

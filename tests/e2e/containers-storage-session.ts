/** podman and buildah share their storage, their flags and their way with images: one session speaks for both. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImageArchive } from '../support/image-archives.ts';
import type { SpawnedServer } from '../support/spawn-server.ts';
import type { ClientSession } from './client-session.ts';
import { type RunOptions, runProgram } from './run-program.ts';

export interface ContainersSession extends ClientSession {
  /** Runs the program on the session's own storage. */
  run(args: readonly string[], options?: RunOptions): Promise<string>;
  /** Flags of every command that talks to the registry. */
  readonly remote: readonly string[];
}

export async function openContainersStorage(
  program: 'podman' | 'buildah',
  server: SpawnedServer,
  scratch: string,
): Promise<ContainersSession> {
  const storage = join(scratch, program);
  const own = ['--root', join(storage, 'root'), '--runroot', join(storage, 'run'), '--storage-driver', 'vfs'];
  const remote = ['--tls-verify=false', '--authfile', join(scratch, `${program}-auth.json`)];
  const run: ContainersSession['run'] = (args, options) => runProgram([program, ...own, ...args], options);
  let archives = 0;
  return {
    run,
    remote,
    login: async (password) => {
      await run(['login', ...remote, '--username', 'AWS', '--password-stdin', server.host], { input: password });
    },
    push: async (image, reference) => {
      archives += 1;
      const archive = join(scratch, `${program}-${archives}.tar`);
      await writeImageArchive(archive, image, reference);
      const id = (await run(['pull', '--quiet', `docker-archive:${archive}`])).split('\n').at(-1) ?? '';
      await run(['push', ...remote, id, `docker://${reference}`]);
    },
    pull: async (reference) => {
      await run(['rmi', '--all', '--force']);
      const id = (await run(['pull', '--quiet', ...remote, reference])).split('\n').at(-1) ?? '';
      return `sha256:${id}`;
    },
    close: () => rm(storage, { recursive: true, force: true }),
  };
}

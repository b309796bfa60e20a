/** docker with a daemon of the test's own: own socket, own data, no network, no iptables, nothing of the machine's docker touched. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImageArchive } from '../support/image-archives.ts';
import type { ClientSession } from './client-session.ts';
import { startDaemon } from './daemon.ts';
import { type RunOptions, runProgram } from './run-program.ts';

export interface DockerSession extends ClientSession {
  /** Runs `docker …` against the test's daemon. */
  docker(args: readonly string[], options?: RunOptions): Promise<string>;
}

export async function openDocker(host: string, scratch: string): Promise<DockerSession> {
  const folder = join(scratch, 'docker');
  await mkdir(folder, { recursive: true });
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const env = { DOCKER_HOST: socket, DOCKER_CONFIG: join(folder, 'config'), DOCKER_CONTEXT: '' };
  const daemon = await startDaemon({
    command: [
      'dockerd',
      ...['--host', socket, '--pidfile', join(folder, 'docker.pid')],
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--iptables=false', '--bridge=none', '--storage-driver=vfs'],
    ],
    probe: ['docker', 'version'],
    probeOptions: { env },
  });
  const docker: DockerSession['docker'] = (args, options = {}) =>
    runProgram(['docker', ...args], { timeoutMs: 300_000, ...options, env: { ...env, ...options.env } });
  let archives = 0;
  return {
    docker,
    login: async (password) => {
      await docker(['login', '--username', 'AWS', '--password-stdin', host], { input: password });
    },
    push: async (image, reference) => {
      archives += 1;
      const archive = join(scratch, `docker-${archives}.tar`);
      await writeImageArchive(archive, image, reference);
      await docker(['load', '--input', archive]);
      await docker(['push', reference]);
    },
    pull: async (reference) => {
      await forgetImages(docker);
      await docker(['pull', reference]);
      return docker(['image', 'inspect', '--format', '{{.Id}}', reference]);
    },
    close: () => daemon.stop(),
  };
}

/** So that a pull after it brings every layer over the wire. */
export async function forgetImages(docker: DockerSession['docker']): Promise<void> {
  const ids = (await docker(['images', '--all', '--quiet', '--no-trunc'])).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await docker(['rmi', '--force', ...new Set(ids)]);
}

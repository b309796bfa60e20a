/** moto's S3: a second opinion where Python has moto installed. It keeps everything in memory and checks no signatures. Imports nothing of src. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { requestS3, type S3Server } from './request-s3.ts';

const READY_WITHIN_MS = 30_000;

/** Why moto cannot be started here; undefined when it can. */
export function whyNoMoto(): string | undefined {
  try {
    execFileSync('python3', ['-c', 'import moto.server, flask'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return "python3 cannot import moto.server (pip: 'moto[server]')";
  }
}

/** Throws with what it wrote when it ends early or is not ready in time. */
export async function startMotoServer(): Promise<S3Server> {
  const child = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.on('exit', kill);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk).slice(-16_384);
    });
  }

  async function stop() {
    process.off('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    kill();
    await ended;
  }

  for (const deadline = Date.now() + READY_WITHIN_MS; ; await sleep(100)) {
    // Port 0 is any free one; the program says which.
    const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
    if (endpoint) {
      const credentials = { accessKeyId: 'moto', secretAccessKey: 'moto' };
      const server: S3Server = { endpoint, region: 'us-east-1', bucket: 'longshore', ...credentials, stop };
      await requestS3(server, 'PUT', '');
      return server;
    }
    if (child.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`moto did not start:\n${output}`);
  }
}

/** TLS from files: served, changed while running, and kept when the new pair is bad. Needs openssl to make certificates. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { followTlsFiles, readTlsPair, TlsFilesProblem } from '../../../src/edges/http/tls-files.ts';
import { startKernel } from './start-kernel.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const skip = hasOpenssl ? false : 'openssl is not there to make certificates';

function makePair(directory: string, name: string): { cert: string; key: string } {
  const [cert, key] = [join(directory, `${name}.cert.pem`), join(directory, `${name}.key.pem`)];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...request, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key };
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-tls-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** The name in the certificate that a new connection gets, and the protocol it agreed on. */
function greet(port: number): Promise<{ name: string; protocol: string | null; alpn: string | false | null }> {
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] },
      () => {
        resolve({
          name: String(socket.getPeerCertificate().subject.CN),
          protocol: socket.getProtocol(),
          alpn: socket.alpnProtocol,
        });
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

test('a new pair is used from the next connection on, a bad one is told and the old one stays', { skip }, async (t) => {
  const directory = scratch(t);
  const [first, second] = [makePair(directory, 'first'), makePair(directory, 'second')];
  const files = { cert: join(directory, 'cert.pem'), key: join(directory, 'key.pem') };
  copyFileSync(first.cert, files.cert);
  copyFileSync(first.key, files.key);
  const tls = await readTlsPair(files);
  const kernel = await startKernel(undefined, { tls });
  t.after(() => kernel.stop());
  assert.deepEqual(await greet(kernel.port), { name: 'first', protocol: 'TLSv1.3', alpn: 'http/1.1' });

  let used = Promise.withResolvers<void>();
  let refused = Promise.withResolvers<unknown>();
  const follower = followTlsFiles(
    files,
    tls,
    (pair) => {
      kernel.kernel.useTlsPair(pair);
      used.resolve();
    },
    (problem) => refused.resolve(problem),
  );
  t.after(() => follower.stop());

  writeFileSync(files.cert, 'no certificate');
  assert.ok((await refused.promise) instanceof TlsFilesProblem);
  assert.equal((await greet(kernel.port)).name, 'first');

  refused = Promise.withResolvers();
  used = Promise.withResolvers();
  copyFileSync(second.cert, files.cert);
  copyFileSync(second.key, files.key);
  await used.promise;
  assert.equal((await greet(kernel.port)).name, 'second');
});

test('a key of another certificate is refused', { skip }, async (t) => {
  const directory = scratch(t);
  const [first, second] = [makePair(directory, 'first'), makePair(directory, 'second')];
  await assert.rejects(readTlsPair({ cert: first.cert, key: second.key }), TlsFilesProblem);
  await assert.rejects(readTlsPair({ cert: first.cert, key: join(directory, 'absent') }), TlsFilesProblem);
});

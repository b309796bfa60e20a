/** The tokens a token server would hand out (https://distribution.github.io/distribution/spec/auth/jwt/), signed RS256. */
import { execFile } from 'node:child_process';
import { createPrivateKey, createSign, X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const TOKEN_ISSUER = 'bench';
export const TOKEN_SERVICE = 'bench';

/** Makes a key and its certificate (with openssl) unless the directory has them. Answers the path of the certificate. */
export async function makeTokenKey(directory: string): Promise<string> {
  const certificate = join(directory, 'token.crt');
  if (!existsSync(certificate)) {
    const keyFile = join(directory, 'token.key');
    const names = ['-subj', '/CN=bench', '-days', '30', '-keyout', keyFile, '-out', certificate];
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...names]);
  }
  return certificate;
}

/** A Bearer header that allows everything in these repositories for a day. */
export async function bearerFor(directory: string, repositories: readonly string[]): Promise<string> {
  const key = createPrivateKey(await readFile(join(directory, 'token.key')));
  const certificate = new X509Certificate(await readFile(join(directory, 'token.crt')));
  const now = Math.floor(Date.now() / 1000);
  const head = { typ: 'JWT', alg: 'RS256', x5c: [certificate.raw.toString('base64')] };
  const claims = {
    iss: TOKEN_ISSUER,
    sub: 'bench',
    aud: TOKEN_SERVICE,
    iat: now,
    nbf: now - 10,
    exp: now + 86_400,
    jti: 'bench',
    access: repositories.map((name) => ({ type: 'repository', name, actions: ['pull', 'push', 'delete', '*'] })),
  };
  const signed = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `Bearer ${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

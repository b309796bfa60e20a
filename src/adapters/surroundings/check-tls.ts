/** Certificate and key: readable, a pair, in force for a while, and for the names under which registries are reached. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { good, type HealthFinding, problem, warning } from '../../ports/health-finding.ts';

const ABOUT = 'TLS';
const SOON_MS = 21 * 86_400_000;

export interface TlsUse {
  readonly cert: string;
  readonly key: string;
  /** The names clients use, without ports. */
  readonly names: readonly string[];
}

export async function checkTls({ cert, key, names }: TlsUse, now: number): Promise<HealthFinding[]> {
  let certificate: X509Certificate;
  try {
    const [certText, keyText] = [await readFile(cert), await readFile(key)];
    certificate = new X509Certificate(certText);
    if (!certificate.checkPrivateKey(createPrivateKey(keyText)))
      return [problem(ABOUT, `${key} is not the key of ${cert}`, 'Name the key that the certificate was made for.')];
  } catch (error) {
    return [
      problem(
        ABOUT,
        `${cert} and ${key} cannot be used (${(error as Error).message})`,
        'Name PEM files that this user can read with --tls-cert and --tls-key.',
      ),
    ];
  }
  return [checkDates(certificate, now), checkNames(certificate, names), ...(await checkKeyFile(key))];
}

function checkDates(certificate: X509Certificate, now: number): HealthFinding {
  const from = Date.parse(certificate.validFrom);
  const to = Date.parse(certificate.validTo);
  const until = new Date(to).toISOString().slice(0, 10);
  if (now < from)
    return problem(
      ABOUT,
      `the certificate is valid only from ${certificate.validFrom}`,
      'Set the clock right, or use another certificate.',
    );
  if (now > to)
    return problem(ABOUT, `the certificate ended on ${until}`, 'Renew it; the files are read again when they change.');
  if (to - now < SOON_MS)
    return warning(ABOUT, `the certificate ends on ${until}`, 'Renew it; the files are read again when they change.');
  return good(ABOUT, `certificate and key fit and are valid until ${until}`);
}

function checkNames(certificate: X509Certificate, names: readonly string[]): HealthFinding {
  const covers = (name: string) => (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
  const missing = names.filter((name) => !covers(name));
  if (missing.length === 0) return good(ABOUT, `the certificate covers ${names.join(', ')}`);
  return problem(
    ABOUT,
    `the certificate is not for ${missing.join(', ')}`,
    'Add the names; a wildcard stands for one label only, so every region needs one: *.dkr.ecr.REGION.DOMAIN.',
  );
}

async function checkKeyFile(key: string): Promise<HealthFinding[]> {
  const { mode } = await stat(key);
  return (mode & 0o004) === 0
    ? []
    : [warning(ABOUT, `everybody on this machine can read ${key}`, `chmod o-rwx ${key}`)];
}

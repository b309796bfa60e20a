/** Names, port and limits of this machine. */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { good, type HealthFinding, problem, warning } from '../../ports/health-finding.ts';

const NAMES = 'DNS';
const PORT = 'port';

/** Whether this machine finds an address for each name that registries are reached under. */
export async function checkNames(names: readonly string[], template: string | undefined): Promise<HealthFinding[]> {
  const findings: HealthFinding[] = [];
  for (const name of names) {
    try {
      const { address } = await lookup(name);
      findings.push(good(NAMES, `${name} is ${address}`));
    } catch (error) {
      const detail = `${name} does not resolve (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`;
      findings.push(
        template === undefined
          ? warning(
              NAMES,
              detail,
              'Other accounts and regions need it: `longshore env --hosts` prints lines for /etc/hosts.',
            )
          : problem(
              NAMES,
              detail,
              `Add a DNS record (a wildcard, where registry-host has {account}) for ${template} to this server or its load balancer.`,
            ),
      );
    }
  }
  return findings;
}

/** Whether the address could be listened on now. Not to be asked while our own server has it. */
export async function checkPort({
  host,
  port,
}: {
  readonly host: string;
  readonly port: number;
}): Promise<HealthFinding> {
  const where = `${host === '' ? 'every address' : host}, port ${port}`;
  if (port === 0) return good(PORT, 'any free port is taken');
  const server = createServer();
  try {
    server.listen({ port, ...(host !== '' && { host }) });
    await once(server, 'listening');
    return good(PORT, `${where} is free`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      return problem(PORT, `${where} is used by another program`, 'Stop that, or choose another with --listen.');
    if (code === 'EACCES')
      return problem(
        PORT,
        `${where} may not be listened on by this user`,
        'Choose a port above 1023 with --listen, or grant the right (setcap cap_net_bind_service=+ep on node).',
      );
    return problem(
      PORT,
      `${where} cannot be listened on (${code})`,
      'Choose an address of this machine with --listen.',
    );
  } finally {
    server.close();
  }
}

/** Whether the server that holds the data directory is ready. */
export async function checkServer(origin: string): Promise<HealthFinding> {
  const about = 'server';
  try {
    // Its certificate is for names, not for this address; TLS has a check of its own.
    const ready = await readyz(origin);
    return ready.status === 200
      ? good(about, `the one at ${origin} is ready`)
      : problem(
          about,
          `the one at ${origin} is not ready: ${ready.body}`,
          'What it waits for is named above or in its log.',
        );
  } catch (error) {
    return problem(
      about,
      `the one at ${origin} does not answer (${(error as Error).message})`,
      'Look at its log, then restart it.',
    );
  }
}

async function readyz(origin: string): Promise<{ status: number; body: string }> {
  const { request } = origin.startsWith('https:') ? await import('node:https') : await import('node:http');
  const asked = request(`${origin}/readyz`, { rejectUnauthorized: false, timeout: 5000 });
  asked.on('timeout', () => asked.destroy(new Error('no answer within 5 s')));
  asked.end();
  const [answer] = await once(asked, 'response');
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += chunk;
  return { status: answer.statusCode, body: body.trim().slice(0, 200) };
}

/** Each connection and each layer that is read needs a file descriptor. */
export async function checkOpenFiles(maxConnections: number): Promise<HealthFinding[]> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const soft = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  if (Number.isNaN(soft)) return [];
  const wanted = 2 * maxConnections;
  if (soft >= wanted) return [good('open files', `up to ${soft}`)];
  const detail = `up to ${soft}, while max-connections is ${maxConnections} and each may need two`;
  return [
    warning(
      'open files',
      detail,
      `Raise the limit (LimitNOFILE=${wanted} in systemd, ulimit -n ${wanted}), or lower --max-connections to ${Math.floor(soft / 2)}.`,
    ),
  ];
}

/** Under which host each registry is reached (design, section 2). */
import type { Config } from '../config.ts';

/** Fills the setting `registry-host`, or its default, which needs no DNS for the default account and region. */
export function registryHostOf(
  config: Pick<Config, 'accountId' | 'region' | 'registryHost' | 'listen' | 'tlsCert'>,
  port: number,
): (accountId: string, region: string) => string {
  const usual = config.tlsCert === undefined ? 80 : 443;
  const suffix = port === usual ? '' : `:${port}`;
  return (accountId, region) => {
    const isDefault = accountId === config.accountId && region === config.region;
    const template =
      config.registryHost ??
      (isDefault ? `${hostForClients(config.listen.host)}${suffix}` : `{account}.dkr.ecr.{region}.localhost${suffix}`);
    return template.replaceAll('{account}', accountId).replaceAll('{region}', region);
  };
}

/** The scheme by which clients reach the registries, from the setting `registry-scheme`. */
export function registrySchemeOf({
  registryScheme,
  tlsCert,
}: Pick<Config, 'registryScheme' | 'tlsCert'>): 'http' | 'https' {
  if (registryScheme !== 'auto') return registryScheme;
  return tlsCert === undefined ? 'http' : 'https';
}

/** The address to call from the same machine; `localhost`, which docker takes for safe without TLS, wherever that works. */
export function hostForClients(listenHost: string): string {
  if (listenHost === '' || listenHost === '0.0.0.0' || listenHost === '::' || listenHost === '::1') return 'localhost';
  if (listenHost === 'localhost' || listenHost.startsWith('127.')) return 'localhost';
  return listenHost.includes(':') ? `[${listenHost}]` : listenHost;
}

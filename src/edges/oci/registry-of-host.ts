/**
 * Which account's registry in which region a Host header names (behaviour page, 3.3): `<account>.dkr.ecr.<region>.<domain>` with its
 * FIPS and dual-stack forms, whatever the domain and the port. Every other host means the default registry (design, section 2).
 */
import { LRUCache } from 'lru-cache';
import type { RegistryId } from '../../ports/records.ts';

const registryHostPattern = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z]{2,8}(?:-[a-z0-9]{1,16}){1,4})(?:[.:]|$)/i;

/** The registry that the host names, or undefined when it is not in the form of ECR's hosts. */
export function parseRegistryHost(host: string): RegistryId | undefined {
  const match = registryHostPattern.exec(host);
  if (match === null) return undefined;
  const [, accountId, region] = match as unknown as [string, string, string];
  return { accountId, region: region.toLowerCase() };
}

/** Looks the registry of a Host header up; the few hosts a server is called by are parsed once. */
export function createRegistryOfHost(defaultRegistry: RegistryId): (host: string | undefined) => RegistryId {
  const known = new LRUCache<string, RegistryId>({ max: 1000 });
  return (host) => {
    if (host === undefined) return defaultRegistry;
    let registry = known.get(host);
    if (registry === undefined) {
      registry = parseRegistryHost(host) ?? defaultRegistry;
      known.set(host, registry);
    }
    return registry;
  };
}

/** Which part may import which. The tree in one sentence: edges ask services, services ask ports, adapters fulfil them, app/ joins. */

/** A part is named by its folder below `src`; `.` is main.ts, config.ts and the like themselves, `config` what config.ts is made of. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: ['lib'],
  ports: ['ports', 'lib'],
  scanner: ['scanner', 'lib'],
  services: ['services', 'ports', 'lib'],
  adapters: ['ports', 'lib'],
  edges: ['services', 'ports', 'lib'],
  jobs: ['jobs', 'services', 'ports', 'lib'],
  config: ['config', '.', 'services', 'ports', 'lib'],
  app: ['app', '.', 'config', 'adapters', 'edges', 'jobs', 'services', 'ports', 'lib'],
  cli: ['cli', 'app', 'config', '.', 'services', 'ports', 'lib'],
  '.': ['.', 'config', 'cli', 'services', 'ports', 'lib'],
};

/** Every edge may lean on these two. */
const sharedEdges = new Set(['edges/http', 'edges/authn']);

/** Says why `from` must not import `to` (both paths from the root, below `src`); undefined when it may. */
export function wallBetween(from: string, to: string): string | undefined {
  const fromPart = partOf(from);
  const toPart = partOf(to);
  if (fromPart === 'edges' || fromPart === 'adapters') {
    if (folderOf(from) === folderOf(to)) return undefined;
    if (fromPart === 'edges' && sharedEdges.has(folderOf(to))) return undefined;
  }
  if (toPart === 'scanner' && from.startsWith('src/services/ecr/scanning/')) return undefined;
  const allowed = mayImport[fromPart];
  if (allowed === undefined) return `src/${fromPart} is no part of the design`;
  return allowed.includes(toPart) ? undefined : `${fromPart} imports only ${allowed.join(', ')}, not ${folderOf(to)}`;
}

function partOf(path: string): string {
  const [, part = '', rest] = path.split('/');
  return rest === undefined ? '.' : part;
}

/** `edges/oci`, `adapters/sql`: the neighbour a file lives in. */
function folderOf(path: string): string {
  const parts = path.split('/');
  return parts.slice(1, parts.length > 3 ? 3 : 2).join('/');
}

/**
 * From the raw path of a request to what it names (distribution specification, "Endpoints"). Names contain slashes, so the end of
 * the path decides. On the hot path of every pull: no regular expression, no array.
 */

/** The nouns of the protocol; `target` is a tag or digest, a digest, an upload's id or a token, and empty where there is none. */
export type PathKind =
  | 'base'
  | 'catalog'
  | 'tags'
  | 'manifest'
  | 'blob'
  | 'uploads'
  | 'upload'
  | 'referrers'
  | 'download';

export interface OciPath {
  readonly kind: PathKind;
  /** As it was sent, unchecked; empty where the path has no repository. */
  readonly name: string;
  readonly target: string;
}

const prefix = '/v2/';
const base: OciPath = { kind: 'base', name: '', target: '' };
const catalog: OciPath = { kind: 'catalog', name: '', target: '' };

/** `unknown` when no endpoint looks like this, `malformed` when an escape stands for no character that a path may hold. */
export function splitPath(rawPath: string): OciPath | 'unknown' | 'malformed' {
  if (rawPath.includes('%')) {
    const decoded = decodeEscapes(rawPath);
    return decoded === undefined ? 'malformed' : split(decoded);
  }
  return split(rawPath);
}

function split(path: string): OciPath | 'unknown' {
  if (path === prefix || path === '/v2') return base;
  if (!path.startsWith(prefix)) return 'unknown';
  if (path === '/v2/_catalog') return catalog;
  const end = path.lastIndexOf('/');
  const target = path.slice(end + 1);
  if (path.endsWith('/manifests', end)) return named('manifest', path, end - '/manifests'.length, target);
  if (path.endsWith('/blobs/uploads', end)) {
    return named(target === '' ? 'uploads' : 'upload', path, end - '/blobs/uploads'.length, target);
  }
  if (path.endsWith('/blobs', end)) {
    return target === 'uploads'
      ? named('uploads', path, end - '/blobs'.length, '')
      : named('blob', path, end - '/blobs'.length, target);
  }
  if (path.endsWith('/referrers', end)) return named('referrers', path, end - '/referrers'.length, target);
  if (target === 'list' && path.endsWith('/tags', end)) return named('tags', path, end - '/tags'.length, '');
  // No repository can be called "-", so this collides with none.
  if (path.startsWith('/v2/-/layers/'))
    return { kind: 'download', name: '', target: path.slice('/v2/-/layers/'.length) };
  return 'unknown';
}

function named(kind: PathKind, path: string, nameEnd: number, target: string): OciPath | 'unknown' {
  if (nameEnd < prefix.length) return 'unknown';
  return { kind, name: path.slice(prefix.length, nameEnd), target };
}

/**
 * Clients escape the colon of a digest and little else. An escape may stand for any visible ASCII character but the slash: an
 * escaped slash would be read differently by proxies, and nothing beyond ASCII is part of a name, tag or digest.
 */
function decodeEscapes(path: string): string | undefined {
  let decoded = '';
  let from = 0;
  for (let at = path.indexOf('%'); at >= 0; at = path.indexOf('%', from)) {
    const code = hexValue(path.charCodeAt(at + 1)) * 16 + hexValue(path.charCodeAt(at + 2));
    if (!(code > 0x20 && code < 0x7f) || code === 0x2f) return undefined;
    decoded += path.slice(from, at) + String.fromCharCode(code);
    from = at + 3;
  }
  return decoded + path.slice(from);
}

/** NaN for what is no hexadecimal digit. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : Number.NaN;
}

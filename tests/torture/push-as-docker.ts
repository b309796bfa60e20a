/** A client that looks first, as docker does: what is there is not sent again. Judges nothing; hands back every answer. */
import { type Content, contentSlice } from '../black-box/content.ts';
import type { Answer } from '../black-box/http-client.ts';
import type { Manifest } from './model.ts';
import { callRegistry, type Trial } from './trial.ts';

/** The first answer that is no success, or the last one. A layer that is there already answers the HEAD's 200. */
export async function pushLayerAsDocker(trial: Trial, repository: string, content: Content): Promise<Answer> {
  const head = await callRegistry(trial, { method: 'HEAD', path: `/v2/${repository}/blobs/${content.digest}` });
  if (head.status !== 404) return head;
  const started = await callRegistry(trial, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` });
  if (started.status !== 202) return started;
  const octets = { 'content-type': 'application/octet-stream' };
  const patched = await callRegistry(trial, {
    method: 'PATCH',
    path: started.headers.location!,
    headers: octets,
    body: contentSlice(content),
  });
  if (patched.status !== 202) return patched;
  const location = patched.headers.location!;
  const query = location.includes('?') ? '&' : '?';
  return callRegistry(trial, { method: 'PUT', path: `${location}${query}digest=${content.digest}`, headers: octets });
}

/** Layers first, then the manifest. */
export async function pushImageAsDocker(
  trial: Trial,
  repository: string,
  tag: string,
  contents: readonly Content[],
  manifest: Manifest,
): Promise<Answer> {
  for (const content of contents) {
    const answer = await pushLayerAsDocker(trial, repository, content);
    if (answer.status >= 300) return answer;
  }
  return callRegistry(trial, {
    method: 'PUT',
    path: `/v2/${repository}/manifests/${tag}`,
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
  });
}

/** The steps of an upload, at either edge: start, send some bytes, close. Each step keeps the model true. */
import { type Content, contentSlice } from '../black-box/content.ts';
import { layerThing, type OpenUpload, THERE } from './model.ts';
import { attempt, callAws, callRegistry, judge, judgeAws, type Trial } from './trial.ts';

/** Answers undefined when the server refused, which has been reported. */
export async function startUpload(
  trial: Trial,
  repository: string,
  content: Content,
  edge: 'oci' | 'aws',
): Promise<OpenUpload | undefined> {
  const opened = edge === 'oci' ? await startAtRegistry(trial, repository) : await startAtAws(trial, repository);
  if (opened === undefined) return undefined;
  const upload: OpenUpload = { repository, content, edge, ...opened, acknowledged: 0, sent: 0, busy: true };
  trial.model.uploads.add(upload);
  trial.model.contents.set(content.digest, content);
  trial.report.acknowledged += 1;
  return upload;
}

async function startAtRegistry(
  trial: Trial,
  repository: string,
): Promise<{ id: string; location: string } | undefined> {
  const answer = await callRegistry(trial, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` });
  const location = answer.headers.location;
  if (answer.status === 202 && location !== undefined) return { id: uploadIdOf(location), location };
  trial.report.breach('unexpected answer', `POST uploads: ${judge(answer).answer}`);
  return undefined;
}

async function startAtAws(trial: Trial, repository: string): Promise<{ id: string; location: string } | undefined> {
  const answer = await callAws(trial, 'InitiateLayerUpload', { repositoryName: repository });
  const id: unknown = answer.output?.uploadId;
  if (typeof id === 'string') return { id, location: `/v2/${repository}/blobs/uploads/${id}` };
  trial.report.breach('unexpected answer', `InitiateLayerUpload: ${judgeAws(answer).answer}`);
  return undefined;
}

function uploadIdOf(location: string): string {
  return new URL(location, 'http://registry').pathname.split('/').at(-1)!;
}

/** Sends the next `length` bytes. Answers whether they were acknowledged. */
export async function sendPart(trial: Trial, upload: OpenUpload, length: number): Promise<boolean> {
  const first = upload.acknowledged;
  const last = Math.min(upload.content.size, first + length) - 1;
  if (last < first) return true;
  const body = contentSlice(upload.content, first, last);
  upload.sent = last + 1;
  const verdict =
    upload.edge === 'oci' ? await patch(trial, upload, first, body) : await uploadPart(trial, upload, first, body);
  trial.report.note(`${upload.edge} part ${first}-${last} of upload ${upload.id}: ${verdict.answer}`);
  if (!verdict.ok) {
    trial.report.breach(
      'unexpected answer',
      `part ${first}-${last} of upload ${upload.id} (${upload.edge}): ${verdict.answer}`,
    );
    return false;
  }
  upload.acknowledged = last + 1;
  trial.report.acknowledged += 1;
  trial.report.bytesAcknowledged += body.length;
  return true;
}

async function patch(trial: Trial, upload: OpenUpload, first: number, body: Buffer) {
  const answer = await callRegistry(trial, {
    method: 'PATCH',
    path: upload.location,
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${first}-${first + body.length - 1}` },
    body,
  });
  upload.location = answer.headers.location ?? upload.location;
  return judge(answer, 202, 201);
}

async function uploadPart(trial: Trial, upload: OpenUpload, first: number, body: Buffer) {
  const answer = await callAws(trial, 'UploadLayerPart', {
    repositoryName: upload.repository,
    uploadId: upload.id,
    partFirstByte: first,
    partLastByte: first + body.length - 1,
    layerPartBlob: body.toString('base64'),
  });
  return judgeAws(answer);
}

/**
 * Closes the upload, with whatever has not been sent yet in the body of the closing request (registry edge only). The
 * caller holds the layer's lock. Answers whether the layer was acknowledged.
 */
export async function closeUpload(trial: Trial, upload: OpenUpload): Promise<boolean> {
  const { repository, content, id } = upload;
  const changes = new Map([[layerThing(repository, content.digest), THERE]]);
  const body = contentSlice(content, upload.acknowledged);
  upload.sent = content.size;
  const done = await attempt(trial, `close upload ${id} of ${content.digest} in ${repository}`, changes, async () => {
    if (upload.edge === 'aws') {
      const answer = await callAws(trial, 'CompleteLayerUpload', {
        repositoryName: repository,
        uploadId: id,
        layerDigests: [content.digest],
      });
      return judgeAws(answer, 'LayerAlreadyExistsException');
    }
    const at = upload.location.includes('?') ? '&' : '?';
    const answer = await callRegistry(trial, {
      method: 'PUT',
      path: `${upload.location}${at}digest=${content.digest}`,
      headers: { 'content-type': 'application/octet-stream' },
      body,
    });
    return judge(answer, 201);
  });
  if (done) {
    trial.model.uploads.delete(upload);
    trial.report.bytesAcknowledged += body.length;
  }
  return done;
}

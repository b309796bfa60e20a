/** After a restart: every open upload must stand where it was acknowledged, or further by what was on its way, and must go on. */
import type { Random } from '../black-box/random.ts';
import { layerThing, type OpenUpload, THERE } from './model.ts';
import { SMALLEST_PART } from './push-layer.ts';
import { closeUpload, sendPart } from './send-upload.ts';
import { callRegistry, type Trial } from './trial.ts';

/** Must run after the doubts are settled: an upload whose closing request was under way is gone when its layer is there. */
export async function settleUploads(trial: Trial, random: Random): Promise<void> {
  const { model, report } = trial;
  for (const upload of [...model.uploads]) {
    const { repository, content } = upload;
    const offset = await findOffset(trial, upload);
    const layerThere = model.get(layerThing(repository, content.digest)) === THERE;
    if (offset === undefined) {
      model.uploads.delete(upload);
      // Its closing request had reached the end: what it was for is there.
      const finished = upload.sent === content.size && layerThere;
      if (!finished)
        report.breach('upload lost', `upload ${upload.id} (${upload.edge}) in ${repository} at ${upload.acknowledged}`);
      continue;
    }
    if (offset < upload.acknowledged || offset > upload.sent) {
      report.breach(
        'upload lost',
        `upload ${upload.id} stands at ${offset}, acknowledged ${upload.acknowledged}, sent ${upload.sent}`,
      );
    }
    report.note(`upload ${upload.id} stands at ${offset}`);
    upload.acknowledged = offset;
    upload.sent = offset;
    upload.busy = false;
    if (random.chance(0.5)) await goOn(trial, upload);
  }
}

async function goOn(trial: Trial, upload: OpenUpload): Promise<void> {
  const endsOnShortPart = upload.acknowledged % SMALLEST_PART !== 0;
  // ECR's rule for parts of the API: only the last may be short. What a broken request left may be; the registry edge goes on from anywhere.
  if (upload.edge === 'aws' && endsOnShortPart) return;
  upload.busy = true;
  while (upload.edge === 'aws' && upload.acknowledged < upload.content.size) {
    if (!(await sendPart(trial, upload, SMALLEST_PART))) return;
  }
  if (await closeUpload(trial, upload)) trial.report.uploadsResumed += 1;
}

/** Undefined when the server knows no such upload. */
async function findOffset(trial: Trial, upload: OpenUpload): Promise<number | undefined> {
  const answer = await callRegistry(trial, { method: 'GET', path: upload.location });
  if (answer.status === 404) return undefined;
  const last = /^0-(\d+)$/.exec(String(answer.headers.range ?? ''))?.[1];
  if (answer.status !== 204 || last === undefined) {
    trial.report.breach(
      'unexpected answer',
      `GET of upload ${upload.id}: ${answer.status} range ${answer.headers.range}`,
    );
    return upload.acknowledged;
  }
  // An empty upload says 0-0 as well; no part of the load has one byte.
  upload.location = answer.headers.location ?? upload.location;
  return last === '0' ? 0 : Number(last) + 1;
}

/** The load as a process of its own, so that the bench that measures does not disturb it: a plan on stdin, the result on stdout. */
import { text } from 'node:stream/consumers';
import { getBlobs } from './get-blobs.ts';
import type { Plan } from './plan.ts';
import { pushBlobs } from './push-blobs.ts';
import { pushImages } from './push-images.ts';
import { repeatRequest, sendList } from './send-requests.ts';
import { createTally, type Tally } from './tally.ts';

const plan: Plan = JSON.parse(await text(process.stdin));
const tally = createTally();
await play(plan, tally);
process.stdout.write(JSON.stringify(tally.result()));
process.exit(0);

function play(plan: Plan, tally: Tally): Promise<void> {
  switch (plan.kind) {
    case 'repeat':
      return repeatRequest(plan, tally);
    case 'list':
      return sendList(plan, tally);
    case 'get-blob':
      return getBlobs(plan, tally);
    case 'push-blob':
      return pushBlobs(plan, tally);
    case 'push-image':
      return pushImages(plan, tally);
  }
}

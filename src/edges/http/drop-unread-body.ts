/**
 * What becomes of a body that nobody read, once its request is answered. A short rest is read and dropped, so that the client
 * sees the answer and the connection lives on; for a long one (an upload refused with 401) the connection is closed, but only
 * after a moment: closing while bytes arrive makes the system reset the connection and the client may lose the answer.
 */
import type { IncomingMessage } from 'node:http';

const MOST_BYTES = 8 * 2 ** 20;
const MOST_MS = 2000;
const LOOK_EVERY_MS = 20;

/** To be called when the answer is finished and `request.complete` is false. Node has begun to drop the body by itself. `dropped` hears when it is through. */
export function dropUnreadBody(request: IncomingMessage, dropped: () => void): void {
  const { socket } = request;
  const from = socket.bytesRead;
  const until = performance.now() + MOST_MS;
  const timer = setInterval(() => {
    if (request.complete || socket.destroyed) {
      clearInterval(timer);
      dropped();
    } else if (socket.bytesRead - from > MOST_BYTES || performance.now() > until) {
      clearInterval(timer);
      socket.destroy();
    }
  }, LOOK_EVERY_MS);
}

/** For suites whose client keeps nothing between commands and does not push images of its own. */
import type { OpenSession } from './client-session.ts';

export const noSession: OpenSession = async () => ({
  login: refuse,
  push: refuse,
  pull: refuse,
  close: async () => undefined,
});

function refuse(): Promise<never> {
  return Promise.reject(new Error('this suite has no client session'));
}

/** What the common scenario asks of a client program. */

import type { TestImage } from '../support/make-image.ts';
import type { SpawnedServer } from '../support/spawn-server.ts';

export interface ClientSession {
  /** Hands the client user AWS and this password, in the way its users do. May throw ProgramFailed when it asks the server. */
  login(password: string): Promise<void>;
  /** Throws ProgramFailed when refused. */
  push(image: TestImage, reference: string): Promise<void>;
  /** Pulls into a place that holds nothing of the image. Answers the digest of the config that arrived, which docker calls the image id. */
  pull(reference: string): Promise<string>;
  /** By the client's own means; left out where it has none. */
  readonly remove?: (repository: string, tag: string, digest: string) => Promise<void>;
  close(): Promise<void>;
}

/** `scratch` is a folder of the session's own, removed afterwards. */
export type OpenSession = (server: SpawnedServer, scratch: string) => Promise<ClientSession>;

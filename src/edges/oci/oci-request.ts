/** What a handler of the registry is given: a request of a known caller to a valid name, authorized for its route. */
import type { Caller } from '../../services/caller.ts';
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import type { RepositoryRef } from '../../services/ecr/repositories/repository-ref.ts';
import type { Exchange } from '../http/exchange.ts';

export interface OciRequest {
  readonly exchange: Exchange;
  readonly ecr: EcrService;
  /**
   * The same service for a look-up before the handler first waits: its caches were brought up to date in this very turn of the
   * event loop and are not asked to be again.
   */
  readonly freshEcr: EcrService;
  readonly caller: Caller;
  /** The name is empty on paths that have none. */
  readonly ref: RepositoryRef;
  /** Tag or digest, digest, or id of an upload, as the path names it; unchecked. */
  readonly target: string;
}

export type OciHandler = (request: OciRequest) => void | Promise<void>;

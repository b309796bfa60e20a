/**
 * The registry: OCI distribution specification 1.1, as ECR speaks it. A request is taken through host, credentials, name,
 * permission and only then to its handler. Nothing here waits when nothing needs to be waited for, so that the pull of a cached
 * manifest is answered in the turn of the event loop in which it was read.
 */

import { isRepositoryName } from '../../lib/oci/reference.ts';
import type { RegistryId } from '../../ports/records.ts';
import type { Caller } from '../../services/caller.ts';
import type { EcrService } from '../../services/ecr/ecr-service.ts';
import { faultOf } from '../../services/fault-of.ts';
import { createDockerTokenCheck } from '../authn/basic-docker-token.ts';
import type { Edge, Exchange } from '../http/exchange.ts';
import { BodyCutShort } from '../http/read-body.ts';
import { downloadLayer } from './downloads.ts';
import { sendChallenge, sendError, sendFault } from './error-response.ts';
import {
  bodyCutShort,
  endpointUnknown,
  methodNotAllowed,
  nameInvalid,
  pathMalformed,
  regionNotServed,
} from './faults.ts';
import { permit } from './permit.ts';
import { refreshOnceATurn } from './refresh-once-a-turn.ts';
import { createRegistryOfHost } from './registry-of-host.ts';
import { findRoute, methodsOf } from './routes.ts';
import { type OciPath, splitPath } from './split-path.ts';

export interface OciEdgeDeps {
  readonly ecr: EcrService;
  /** The caller that an access key belongs to; undefined once the key is gone. */
  readonly findCaller: (accessKeyId: string) => Promise<Caller | undefined>;
  /** Whether registries of this region are served (setting `regions`). */
  readonly servesRegion: (region: string) => boolean;
}

export function createOciEdge({ ecr, findCaller, servesRegion }: OciEdgeDeps): Edge {
  const { settings } = ecr;
  const registryOf = createRegistryOfHost({ accountId: settings.defaultAccountId, region: settings.defaultRegion });
  const { keys, clock, metadata } = ecr;
  const callerOf = createDockerTokenCheck({ keys, clock, metadata: refreshOnceATurn(metadata), findCaller });
  const freshEcr: EcrService = { ...ecr, metadata: { ...metadata, refresh: () => undefined } };

  function answer(exchange: Exchange): void | Promise<void> {
    const path = splitPath(exchange.path);
    const { headers } = exchange.request;
    if (typeof path === 'object' && path.kind === 'download') return downloadLayer(ecr, exchange, path.target);
    const registry = registryOf(headers.host);
    const caller = callerOf(headers.authorization, registry.region);
    return caller instanceof Promise
      ? caller.then((found) => answerCaller(exchange, path, registry, found, ecr))
      : answerCaller(exchange, path, registry, caller, freshEcr);
  }

  function answerCaller(
    exchange: Exchange,
    path: OciPath | 'unknown' | 'malformed',
    registry: RegistryId,
    caller: Caller,
    fresh: EcrService,
  ): void | Promise<void> {
    exchange.record.caller = caller.arn;
    if (!servesRegion(registry.region)) throw regionNotServed(registry.region);
    if (path === 'unknown') throw endpointUnknown();
    if (path === 'malformed') throw pathMalformed();
    const route = findRoute(path.kind, exchange.request.method as string);
    if (route === undefined) {
      sendFault(exchange, methodNotAllowed(), ['Allow', methodsOf(path.kind)]);
      return undefined;
    }
    exchange.record.operation = route.operation;
    if (path.name !== '' && !isRepositoryName(path.name)) throw nameInvalid();
    const ref = { accountId: registry.accountId, region: registry.region, name: path.name };
    if (route.action !== undefined) permit(exchange, caller, ref, route.action);
    return route.handle({ exchange, ecr, freshEcr: fresh, caller, ref, target: path.target });
  }

  function fail(exchange: Exchange, error: unknown): void {
    const { response } = exchange;
    const fault = error instanceof BodyCutShort ? bodyCutShort() : faultOf(error);
    if (fault === undefined) throw error;
    // Too late to say anything else: cutting the connection is how a client learns that the answer is not whole.
    if (response.headersSent) response.destroy();
    else if (fault.code === 'NotAuthorized') sendChallenge(exchange, origin(exchange));
    else if (!sendFault(exchange, fault)) throw error;
  }

  function origin(exchange: Exchange): string {
    const { accountId, region } = registryOf(exchange.request.headers.host);
    return `${settings.scheme}://${settings.registryHost(accountId, region)}`;
  }

  return {
    name: 'oci',
    handle(exchange) {
      exchange.record.edge = 'oci';
      try {
        return answer(exchange)?.catch((error: unknown) => fail(exchange, error));
      } catch (error) {
        return fail(exchange, error);
      }
    },
    answerBug: (exchange) =>
      sendError(exchange, 500, 'UNKNOWN', 'An internal error occurred. See the log of the server for the request id.'),
  };
}

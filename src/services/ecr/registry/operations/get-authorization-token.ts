/** GetAuthorizationToken. */
import type { GetAuthorizationTokenRequest, GetAuthorizationTokenResponse } from '@aws-sdk/client-ecr';
import { operation } from '../../../operation.ts';
import { anyResource } from '../../called-repository.ts';
import { authorizationToken, issueDockerToken } from '../docker-token.ts';

/**
 * One entry for each registry asked for, in order. A registry of another account is never refused: the token is the caller's, and each
 * request made with it is judged by itself.
 */
export const getAuthorizationToken = operation<GetAuthorizationTokenRequest, GetAuthorizationTokenResponse>({
  name: 'GetAuthorizationToken',
  action: 'ecr:GetAuthorizationToken',
  resource: anyResource,
  async handle({ ports, settings, caller, region }, input) {
    const { token, expiresAt } = issueDockerToken(ports.keys, { caller, region, now: ports.clock.now() });
    const registryIds = input.registryIds?.length ? input.registryIds : [caller.accountId];
    return {
      authorizationData: registryIds.map((registryId) => ({
        authorizationToken: authorizationToken(token),
        expiresAt: new Date(expiresAt),
        proxyEndpoint: `${settings.scheme}://${settings.registryHost(registryId, region)}`,
      })),
    };
  },
});

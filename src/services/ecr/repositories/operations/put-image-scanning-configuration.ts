/** PutImageScanningConfiguration. The flag is kept and shown; the scanner is not built. */
import type { PutImageScanningConfigurationRequest, PutImageScanningConfigurationResponse } from '@aws-sdk/client-ecr';
import type { Given } from '../../../given.ts';
import { operation } from '../../../operation.ts';
import { calledRepository, repositoryResource } from '../../called-repository.ts';
import { repositoryIn } from '../find-repository.ts';

type Input = Given<PutImageScanningConfigurationRequest, 'repositoryName' | 'imageScanningConfiguration'>;

export const putImageScanningConfiguration = operation<Input, PutImageScanningConfigurationResponse>({
  name: 'PutImageScanningConfiguration',
  action: 'ecr:PutImageScanningConfiguration',
  resource: repositoryResource,
  async handle(context, input) {
    const ref = calledRepository(context, input);
    // Go's SDK, and so Terraform, leaves out what is false.
    const scanOnPush = input.imageScanningConfiguration.scanOnPush ?? false;
    await context.ecr.metadata.write(function* (tx) {
      const repository = yield* repositoryIn(tx, ref);
      yield* tx.repositories.setScanOnPush(repository.id, scanOnPush);
    });
    return { registryId: ref.accountId, repositoryName: ref.name, imageScanningConfiguration: { scanOnPush } };
  },
});

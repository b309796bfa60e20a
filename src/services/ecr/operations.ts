/**
 * The ledger of ECR's API: every operation of the model, in alphabetical order, built or not. docs/operations.md is printed
 * from it. To build an operation, write its file in `<noun>/operations/` and put it here in place of the planned row.
 */
import type { Operation } from '../operation.ts';
import type { LedgerEntry } from '../run-operation.ts';
import { batchDeleteImage } from './images/operations/batch-delete-image.ts';
import { batchGetImage } from './images/operations/batch-get-image.ts';
import { describeImages } from './images/operations/describe-images.ts';
import { listImageReferrers } from './images/operations/list-image-referrers.ts';
import { listImages } from './images/operations/list-images.ts';
import { putImage } from './images/operations/put-image.ts';
import { batchCheckLayerAvailability } from './layers/operations/batch-check-layer-availability.ts';
import { completeLayerUpload } from './layers/operations/complete-layer-upload.ts';
import { getDownloadUrlForLayer } from './layers/operations/get-download-url-for-layer.ts';
import { initiateLayerUpload } from './layers/operations/initiate-layer-upload.ts';
import { uploadLayerPart } from './layers/operations/upload-layer-part.ts';
import { describeRegistry } from './registry/operations/describe-registry.ts';
import { getAuthorizationToken } from './registry/operations/get-authorization-token.ts';
import { createRepository } from './repositories/operations/create-repository.ts';
import { deleteRepository } from './repositories/operations/delete-repository.ts';
import { describeRepositories } from './repositories/operations/describe-repositories.ts';
import { listTagsForResource } from './repositories/operations/list-tags-for-resource.ts';
import { putImageScanningConfiguration } from './repositories/operations/put-image-scanning-configuration.ts';
import { putImageTagMutability } from './repositories/operations/put-image-tag-mutability.ts';
import { tagResource } from './repositories/operations/tag-resource.ts';
import { untagResource } from './repositories/operations/untag-resource.ts';

export const ecrLedger: readonly LedgerEntry[] = [
  built(batchCheckLayerAvailability, 'repository'),
  built(batchDeleteImage, 'repository'),
  built(batchGetImage, 'repository'),
  planned('BatchGetRepositoryScanningConfiguration', 'repository'),
  built(completeLayerUpload, 'repository'),
  planned('CreatePullThroughCacheRule', 'registry'),
  built(createRepository, 'repository'),
  planned('CreateRepositoryCreationTemplate', 'registry'),
  planned('DeleteLifecyclePolicy', 'repository'),
  planned('DeletePullThroughCacheRule', 'registry'),
  planned('DeleteRegistryPolicy', 'registry'),
  built(deleteRepository, 'repository'),
  planned('DeleteRepositoryCreationTemplate', 'registry'),
  planned('DeleteRepositoryPolicy', 'repository'),
  planned('DeleteSigningConfiguration', 'registry'),
  planned('DeregisterPullTimeUpdateExclusion', 'registry'),
  planned('DescribeImageReplicationStatus', 'repository'),
  planned('DescribeImageScanFindings', 'repository'),
  planned('DescribeImageSigningStatus', 'repository'),
  built(describeImages, 'repository'),
  planned('DescribePullThroughCacheRules', 'registry'),
  built(describeRegistry, 'registry'),
  planned('DescribeReplicationBackfillResults', 'registry'),
  built(describeRepositories, 'repository'),
  planned('DescribeRepositoryCreationTemplates', 'registry'),
  planned('GetAccountSetting', 'registry'),
  built(getAuthorizationToken, 'registry'),
  built(getDownloadUrlForLayer, 'repository'),
  planned('GetLifecyclePolicy', 'repository'),
  planned('GetLifecyclePolicyPreview', 'repository'),
  planned('GetRegistryPolicy', 'registry'),
  planned('GetRegistryScanningConfiguration', 'registry'),
  planned('GetRepositoryPolicy', 'repository'),
  planned('GetSigningConfiguration', 'registry'),
  built(initiateLayerUpload, 'repository'),
  built(listImageReferrers, 'repository'),
  built(listImages, 'repository'),
  planned('ListPullTimeUpdateExclusions', 'registry'),
  planned('ListReplicationBackfills', 'registry'),
  built(listTagsForResource, 'repository'),
  planned('PutAccountSetting', 'registry'),
  built(putImage, 'repository'),
  built(putImageScanningConfiguration, 'repository'),
  built(putImageTagMutability, 'repository'),
  planned('PutLifecyclePolicy', 'repository'),
  planned('PutRegistryPolicy', 'registry'),
  planned('PutRegistryScanningConfiguration', 'registry'),
  planned('PutReplicationConfiguration', 'registry'),
  planned('PutSigningConfiguration', 'registry'),
  planned('RegisterPullTimeUpdateExclusion', 'registry'),
  planned('SetRepositoryPolicy', 'repository'),
  planned('StartImageScan', 'repository'),
  planned('StartLifecyclePolicyPreview', 'repository'),
  planned('StartReplicationBackfill', 'registry'),
  planned('StopReplicationBackfill', 'registry'),
  built(tagResource, 'repository'),
  built(untagResource, 'repository'),
  planned('UpdateImageStorageClass', 'repository'),
  planned('UpdatePullThroughCacheRule', 'registry'),
  planned('UpdateRepositoryCreationTemplate', 'registry'),
  built(uploadLayerPart, 'repository'),
  planned('ValidatePullThroughCacheRule', 'registry'),
];

/** On what an action is judged: a repository's ARN, or `*` for what concerns the whole registry. */
function planned(name: string, resourceType: LedgerEntry['resourceType']): LedgerEntry {
  return { name, action: `ecr:${name}`, resourceType };
}

function built(operation: Operation, resourceType: LedgerEntry['resourceType']): LedgerEntry {
  return { name: operation.name, action: operation.action, resourceType, operation };
}

/**
 * The registry protocol as data: every endpoint with its method, the IAM action a caller needs on the repository (behaviour page,
 * 9.3), the name it has in logs and metrics, and the function that answers it.
 */
import { deleteBlob, getBlob, headBlob } from './blobs.ts';
import { getCatalog } from './catalog.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import type { OciHandler } from './oci-request.ts';
import { ping } from './ping.ts';
import { getReferrers } from './referrers.ts';
import type { PathKind } from './split-path.ts';
import { getTags } from './tags.ts';
import { cancelBlobUpload, closeBlobUpload, getBlobUpload, patchBlobUpload, postBlobUpload } from './uploads.ts';

export interface Route {
  readonly method: string;
  readonly kind: PathKind;
  readonly operation: string;
  /** `undefined`: any caller with valid credentials. */
  readonly action: string | undefined;
  readonly handle: OciHandler;
}

// biome-ignore format: a table
export const routes: readonly Route[] = [
  { method: 'GET',    kind: 'base',      operation: 'Ping',             action: undefined,                            handle: ping },
  { method: 'HEAD',   kind: 'base',      operation: 'Ping',             action: undefined,                            handle: ping },
  { method: 'GET',    kind: 'catalog',   operation: 'GetCatalog',       action: 'ecr:DescribeRepositories',           handle: getCatalog },
  { method: 'HEAD',   kind: 'catalog',   operation: 'GetCatalog',       action: 'ecr:DescribeRepositories',           handle: getCatalog },
  { method: 'GET',    kind: 'tags',      operation: 'GetTags',          action: 'ecr:ListImages',                     handle: getTags },
  { method: 'HEAD',   kind: 'tags',      operation: 'GetTags',          action: 'ecr:ListImages',                     handle: getTags },
  { method: 'GET',    kind: 'manifest',  operation: 'GetManifest',      action: 'ecr:BatchGetImage',                  handle: getManifest },
  { method: 'HEAD',   kind: 'manifest',  operation: 'HeadManifest',     action: 'ecr:BatchGetImage',                  handle: getManifest },
  { method: 'PUT',    kind: 'manifest',  operation: 'PutManifest',      action: 'ecr:PutImage',                       handle: putManifest },
  { method: 'DELETE', kind: 'manifest',  operation: 'DeleteManifest',   action: 'ecr:BatchDeleteImage',               handle: deleteManifest },
  { method: 'GET',    kind: 'referrers', operation: 'GetReferrers',     action: 'ecr:BatchGetImage',                  handle: getReferrers },
  { method: 'HEAD',   kind: 'referrers', operation: 'GetReferrers',     action: 'ecr:BatchGetImage',                  handle: getReferrers },
  { method: 'GET',    kind: 'blob',      operation: 'GetBlob',          action: 'ecr:GetDownloadUrlForLayer',         handle: getBlob },
  { method: 'HEAD',   kind: 'blob',      operation: 'HeadBlob',         action: 'ecr:BatchCheckLayerAvailability',    handle: headBlob },
  { method: 'DELETE', kind: 'blob',      operation: 'DeleteBlob',       action: 'ecr:BatchDeleteImage',               handle: deleteBlob },
  { method: 'POST',   kind: 'uploads',   operation: 'StartUpload',      action: 'ecr:InitiateLayerUpload',            handle: postBlobUpload },
  { method: 'GET',    kind: 'upload',    operation: 'GetUpload',        action: 'ecr:UploadLayerPart',                handle: getBlobUpload },
  { method: 'HEAD',   kind: 'upload',    operation: 'GetUpload',        action: 'ecr:UploadLayerPart',                handle: getBlobUpload },
  { method: 'PATCH',  kind: 'upload',    operation: 'PatchUpload',      action: 'ecr:UploadLayerPart',                handle: patchBlobUpload },
  { method: 'PUT',    kind: 'upload',    operation: 'CloseUpload',      action: 'ecr:CompleteLayerUpload',            handle: closeBlobUpload },
  { method: 'DELETE', kind: 'upload',    operation: 'CancelUpload',     action: 'ecr:UploadLayerPart',                handle: cancelBlobUpload },
];

const routesOf: Readonly<Record<string, Readonly<Record<string, Route>>>> = indexRoutes();

/** The route of a method on a kind of path; inherited names of objects are no methods. */
export function findRoute(kind: PathKind, method: string): Route | undefined {
  return routesOf[kind]?.[method];
}

/** For the Allow header: the methods that a kind of path has. */
export function methodsOf(kind: PathKind): string {
  return routes
    .filter((route) => route.kind === kind)
    .map((route) => route.method)
    .join(', ');
}

function indexRoutes() {
  const index: Record<string, Record<string, Route>> = Object.create(null);
  for (const route of routes) {
    index[route.kind] ??= Object.create(null);
    index[route.kind]![route.method] = route;
  }
  return index;
}

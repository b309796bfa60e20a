/** Reads a pushed manifest and refuses it in ECR's words. */

import { type ParsedManifest, parseManifest } from '../../../lib/oci/manifest.ts';
import { ManifestProblem } from '../../../lib/oci/manifest-problem.ts';
import type { Fault } from '../../fault.ts';
import { invalidImageManifest, unsupportedManifestType } from '../faults.ts';
import { limits } from '../limits.ts';

const manifestLimits = {
  bytes: limits.manifestBytes,
  layers: limits.layersPerManifest,
  manifests: limits.manifestsPerIndex,
};

/** Throws InvalidParameter for whatever is not a manifest that the registry keeps. */
export function readManifest(bytes: Uint8Array, declaredMediaType: string | undefined): ParsedManifest {
  try {
    return parseManifest(bytes, declaredMediaType, manifestLimits);
  } catch (error) {
    throw error instanceof ManifestProblem ? faultOfProblem(error) : error;
  }
}

function faultOfProblem(problem: ManifestProblem): Fault {
  switch (problem.kind) {
    case 'syntax':
    case 'no-media-type':
      return invalidImageManifest('Invalid JSON syntax');
    case 'too-large':
      return invalidImageManifest(`Member must have length less than or equal to ${limits.manifestBytes}`);
    case 'too-many-layers':
      return invalidImageManifest('Limit on number of layers per image exceeded');
    case 'too-many-manifests':
      return invalidImageManifest('Limit on number of manifests per image index exceeded');
    case 'unsupported-type':
      return unsupportedManifestType(problem.reason);
    case 'invalid':
      return invalidImageManifest(`The manifest ${problem.reason}`);
  }
}

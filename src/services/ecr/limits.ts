/** ECR's quotas and size limits (behaviour page, section 19), and the two we had to choose because ECR does not publish them. */

const mib = 1024 * 1024;

export const limits = {
  repositoriesPerRegistry: 100_000,
  imagesPerRepository: 100_000,
  tagsPerImage: 1_000,
  resourceTagsPerRepository: 50,
  manifestBytes: 4 * mib,
  /** Of one answer of BatchGetImage, chosen: 100 manifests of 4 MiB would take more memory than a server should give one request. */
  manifestBytesPerAnswer: 32 * mib,
  /** ECR refuses images with too many layers without saying how many; docker itself makes at most 127. */
  layersPerManifest: 1_000,
  /** Chosen, like layersPerManifest: what fits 4 MiB with real descriptors stays well below. */
  manifestsPerIndex: 10_000,
  layerBytes: 52_000 * mib,
  layerParts: 4_200,
  smallestLayerPart: 5 * mib,
  largestLayerPart: 20 * mib,
  /** What InitiateLayerUpload tells clients to send at a time. */
  suggestedLayerPart: 10 * mib,
} as const;

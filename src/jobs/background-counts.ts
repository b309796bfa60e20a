/** What background work of this process has done since it was started, for /metrics. */
export interface BackgroundCounts {
  collectedImages: number;
  collectedLayers: number;
  collectedObjects: number;
  collectedBytes: number;
  sweptObjects: number;
  expiredUploads: number;
  scrubbedLayers: number;
  scrubbedBytes: number;
  scrubFoundDamaged: number;
}

export function createBackgroundCounts(): BackgroundCounts {
  return {
    collectedImages: 0,
    collectedLayers: 0,
    collectedObjects: 0,
    collectedBytes: 0,
    sweptObjects: 0,
    expiredUploads: 0,
    scrubbedLayers: 0,
    scrubbedBytes: 0,
    scrubFoundDamaged: 0,
  };
}

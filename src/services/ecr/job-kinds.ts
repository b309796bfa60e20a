/** The kinds of jobs that use cases queue or that run on a schedule; what each does stands in src/jobs/handlers. */
export const jobKinds = {
  collectLayers: 'collect-layers',
  purgeRepositories: 'purge-repositories',
  expireUploads: 'expire-uploads',
  sweepObjects: 'sweep-objects',
  scrubLayers: 'scrub-layers',
  pruneJobs: 'prune-jobs',
} as const;

export type JobKind = (typeof jobKinds)[keyof typeof jobKinds];

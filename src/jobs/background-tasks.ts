/** What runs without a request, and how often. */
import type { EcrService } from '../services/ecr/ecr-service.ts';
import type { BackgroundTask } from './background.ts';

export interface BackgroundSettings {
  readonly collectInterval: number;
  readonly sweepInterval: number;
  readonly scrubRate: number;
}

const PULL_TIMES_MS = 5000;

export function backgroundTasks(ecr: EcrService, _settings: BackgroundSettings): BackgroundTask[] {
  return [
    {
      name: 'write pull times',
      everyMs: PULL_TIMES_MS,
      pauseMs: 0,
      slice: async () => {
        await ecr.pullTimes.flush();
        return false;
      },
    },
  ];
}

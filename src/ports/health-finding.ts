/** What a look at an installation and its surroundings finds, for `longshore doctor`. Never holds a secret. */

export interface HealthFinding {
  /** What was looked at, in one or two words. */
  readonly about: string;
  /** `warning`: it works, and will not for ever or not for everybody. `problem`: it does not work. */
  readonly verdict: 'good' | 'warning' | 'problem';
  readonly detail: string;
  /** What to do; always there unless all is good. */
  readonly advice?: string;
}

export function good(about: string, detail: string): HealthFinding {
  return { about, verdict: 'good', detail };
}

export function warning(about: string, detail: string, advice: string): HealthFinding {
  return { about, verdict: 'warning', detail, advice };
}

export function problem(about: string, detail: string, advice: string): HealthFinding {
  return { about, verdict: 'problem', detail, advice };
}

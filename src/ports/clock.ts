/** The time, handed in so that tests can move it. Milliseconds since the epoch, as Date.now() gives them. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

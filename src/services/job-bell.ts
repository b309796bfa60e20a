/** Tells the worker of this process that a job was queued, so that it is begun at once. Other processes find it when they look next. */
export interface JobBell {
  /** Call it after the transaction that queued the job. */
  ring(): void;
  onRing(listener: () => void): void;
}

export function createJobBell(): JobBell {
  const listeners: (() => void)[] = [];
  return {
    ring() {
      for (const listener of listeners) listener();
    },
    onRing: (listener) => void listeners.push(listener),
  };
}

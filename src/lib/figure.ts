/** A number that an adapter keeps of itself, for /metrics. */
export interface Figure {
  /** As Prometheus is told: `longshore_database_connections`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  /** One sentence. */
  readonly help: string;
  readonly value: number;
}

/** What an adapter that keeps figures adds to its port. */
export interface KeepsFigures {
  /** Always the same names; cheap. */
  figures(): readonly Figure[];
}

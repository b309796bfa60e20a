/** The secrets of an installation. Made at first start, kept in the data directory with mode 0600, the same on every node. */
export interface Keys {
  /** Signs docker tokens. */
  readonly dockerToken: Uint8Array;
  /** Signs page tokens. */
  readonly pageToken: Uint8Array;
  /** Seals what must be kept recoverable in the database: secret access keys. */
  readonly seal: Uint8Array;
}

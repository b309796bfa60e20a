/** A connection to PostgreSQL whose end never goes unheard, because an `error` that nobody listens for ends the process. */
import pg from 'pg';

/**
 * Whoever asks on it is told of its end by the answer. Listeners that are added once it is connected come too late for an end in the very packet that says
 * that it is ready, so there is one from the beginning.
 */
export class HeardClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}

/**
 * The one error that a caller is meant to see. Made by a factory in a `faults.ts`, thrown anywhere, rendered by one table per
 * edge. Whatever else is thrown is a bug: 500, the request id in answer and log, no detail leaked.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  /** The exception's name in AWS's model, or the common error's code: `RepositoryNotFoundException`, `ThrottlingException`. */
  readonly code: string;
  /** Further members of the exception's shape, e.g. `lastValidByteReceived`. */
  readonly members: Readonly<Record<string, unknown>>;
  constructor(code: string, message: string, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.members = members;
  }
}

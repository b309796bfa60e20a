/** What an AWS operation is to us: data for the ledger and the parity test, and the function that answers it. */
import type { Ports } from '../ports/ports.ts';
import type { Caller } from './caller.ts';
import type { EcrService } from './ecr/ecr-service.ts';
import type { ServiceSettings } from './settings.ts';

/** One call of an operation, after authentication. Account and region of the call come from the access key and the SigV4 scope. */
export interface OperationContext {
  readonly ports: Ports;
  /** The ports again, with what ECR's use cases keep in memory. */
  readonly ecr: EcrService;
  readonly settings: ServiceSettings;
  readonly caller: Caller;
  readonly region: string;
  readonly requestId: string;
}

/**
 * Input has passed the model's constraints (required members are there, blobs are Uint8Array, timestamps Date); output is
 * encoded by the edge (Date to epoch seconds, undefined members left out, lists that are the operation's result always sent).
 */
export interface Operation<Input = never, Output = unknown> {
  readonly name: string;
  /** IAM action that `run-operation` asks `authorize` for, e.g. `ecr:CreateRepository`. */
  readonly action: string;
  /** ARN of what the action is done to, or `*`. */
  readonly resource: (input: Input, context: OperationContext) => string;
  readonly handle: (context: OperationContext, input: Input) => Promise<Output>;
}

export function operation<Input, Output>(definition: Operation<Input, Output>): Operation<Input, Output> {
  return definition;
}

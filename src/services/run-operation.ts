/**
 * What happens to every call of an AWS operation, in AWS's order: input by the model, then authorization, then the operation
 * itself, which looks for the resource and judges its state.
 */

import { invalidParameter } from './ecr/faults.ts';
import { Fault } from './fault.ts';
import { authorize } from './iam/authorize.ts';
import type { ServiceModel } from './model/service-model.ts';
import type { Operation, OperationContext } from './operation.ts';
import { unsupportedOperation } from './request-faults.ts';
import { type InputDecoder, inputDecoder, type Violation } from './shape.ts';

/** One row of a service's ledger: an operation of AWS's, and ours where it is built. */
export interface LedgerEntry {
  readonly name: string;
  /** IAM action. */
  readonly action: string;
  /** What the action is judged on: a repository's ARN, or `*`. */
  readonly resourceType: 'repository' | 'registry';
  readonly operation?: Operation;
}

export interface ServiceOperation extends LedgerEntry {
  readonly decodeInput: InputDecoder;
}

/** What the log is told of a call as it becomes known. */
export interface CallRecord {
  action: string | undefined;
  resource: string | undefined;
}

/** The operations of a ledger, ready to be run. Decoders are made when first wanted: most of 62 never are. */
export function serviceOperations(model: ServiceModel, ledger: readonly LedgerEntry[]): ServiceOperation[] {
  return ledger.map((entry) => withDecoder(model, entry));
}

function withDecoder(model: ServiceModel, entry: LedgerEntry): ServiceOperation {
  let decoder: InputDecoder | undefined;
  return {
    ...entry,
    decodeInput: (json) => {
      decoder ??= inputDecoder(model, model.operations[entry.name]?.input);
      return decoder(json);
    },
  };
}

/**
 * Answers a call, or throws the Fault it earns: SerializationException, InvalidParameterException, AccessDeniedException, what
 * the operation itself throws, and UnsupportedCommandException for one that is not built.
 */
export async function runOperation(
  { name, action, operation, decodeInput }: ServiceOperation,
  context: OperationContext,
  json: unknown,
  record: CallRecord,
): Promise<unknown> {
  record.action = action;
  if (operation === undefined) throw unsupportedOperation(name);
  const { input, violations } = decodeInput(json);
  if (violations.length > 0) throw constraintFault(violations);
  record.resource = operation.resource(input as never, context);
  authorize(context.caller, action, record.resource);
  return operation.handle(context, input as never);
}

/** One violation in ECR's words; several joined in the way of AWS's validator, so that each can still be found by its text. */
export function constraintFault(violations: readonly Violation[]): Fault {
  const faults = violations.map(({ field, constraint }) => invalidParameter(field, constraint));
  if (faults.length === 1) return faults[0]!;
  const { code } = faults[0]!;
  return new Fault(code, `${faults.length} validation errors detected: ${faults.map((f) => f.message).join('; ')}`);
}

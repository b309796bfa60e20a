import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootCaller } from './caller.ts';
import { Fault } from './fault.ts';
import type { ServiceModel } from './model/service-model.ts';
import { type OperationContext, operation } from './operation.ts';
import { runOperation, serviceOperations } from './run-operation.ts';

const model: ServiceModel = {
  targetPrefix: 'T',
  signingName: 't',
  operations: { Rename: { input: 'In', errors: [] }, Later: { errors: [] } },
  shapes: {
    In: { type: 'structure', members: { owner: 'Text', name: 'Text' }, required: ['name'] },
    Text: { type: 'string', max: 12 },
  },
};
const handled: unknown[] = [];
const rename = operation<{ owner: string; name: string }, object>({
  name: 'Rename',
  action: 't:Rename',
  resource: ({ owner, name }) => `arn:aws:t:us-east-1:${owner}:thing/${name}`,
  async handle(_context, input) {
    handled.push(input);
    if (input.name === 'taken') throw new Fault('TakenException', 'taken');
    return { renamed: input.name };
  },
});
const operations = serviceOperations(model, [
  { name: 'Rename', action: 't:Rename', resourceType: 'repository', operation: rename },
  { name: 'Later', action: 't:Later', resourceType: 'registry' },
]);
const context = { caller: rootCaller('000000000000', 'AKIA') } as OperationContext;

/** The output or the code of the fault; and what the log was told. */
async function run(name: string, json: unknown) {
  const record = { action: undefined as string | undefined, resource: undefined as string | undefined };
  handled.length = 0;
  const chosen = operations.find((o) => o.name === name)!;
  const answer = await runOperation(chosen, context, json, record).catch((error: Fault) => error.code);
  return { answer, record, handled: handled.length };
}

const owner = '000000000000';

test('a good call is handled, and the log knows of what', async () => {
  assert.deepEqual(await run('Rename', { owner, name: 'a' }), {
    answer: { renamed: 'a' },
    record: { action: 't:Rename', resource: 'arn:aws:t:us-east-1:000000000000:thing/a' },
    handled: 1,
  });
});

test('JSON types, then constraints, then permission, then the operation: the first that fails answers', async () => {
  const stranger = '999999999999';
  for (const [json, code, reached] of [
    [{ owner: stranger, name: 7 }, 'SerializationException', 0],
    [{ owner: 'much-too-long', name: 7 }, 'SerializationException', 0],
    [{ owner: stranger }, 'InvalidParameterException', 0],
    [{ owner: stranger, name: 'taken' }, 'AccessDeniedException', 0],
    [{ owner, name: 'taken' }, 'TakenException', 1],
  ] as const) {
    const { answer, handled } = await run('Rename', json);
    assert.deepEqual([answer, handled], [code, reached]);
  }
});

test('what is not built says so before anything else', async () => {
  const { answer, record } = await run('Later', [7]);
  assert.deepEqual([answer, record.action], ['UnsupportedCommandException', 't:Later']);
});

/** Our service model, ledger and exceptions against what the official SDK knows. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ecrLedger } from '../../src/services/ecr/operations.ts';
import { ecrModel } from '../../src/services/model/ecr-model.ts';
import { baseException, describeModel, sdkExceptions, sdkOperations } from './sdk-schema.ts';

/** What the model has of AWS's that came after the SDK under node_modules: to be taken away when the SDK has it. */
const newerThanTheSdk = ['ReplicationRule.deleteReplication'];

const names = [...sdkOperations.keys()].sort();

test('the ledger lists every operation of the SDK, once and in order', () => {
  assert.equal(names.length, 62);
  assert.deepEqual(
    ecrLedger.map((entry) => entry.name),
    names,
  );
});

test('the model has every operation of the SDK', () => {
  assert.deepEqual(Object.keys(ecrModel.operations).sort(), names);
});

for (const [name, { input, output }] of sdkOperations) {
  test(`input, output and exceptions of ${name} are the SDK's`, () => {
    const operation = ecrModel.operations[name]!;
    assert.deepEqual(describeModel(ecrModel, operation.input, newerThanTheSdk), input);
    assert.deepEqual(describeModel(ecrModel, operation.output, newerThanTheSdk), output);
    assert.deepEqual([...operation.errors].sort(), exceptionsThrownBy(name));
  });
}

test("the members of every exception are the SDK's", () => {
  const exceptions = Object.entries(ecrModel.shapes).filter(([, shape]) => shape.exception);
  assert.deepEqual(exceptions.map(([name]) => name).sort(), [...sdkExceptions.keys()].sort());
  for (const [name] of exceptions) assert.deepEqual(describeModel(ecrModel, name), sdkExceptions.get(name), name);
});

/** Answers of the front end, which no service model lists: behaviour page, section 1.3, and our two for a store that cannot. */
const frontEndCodes = new Set(['AccessDeniedException', 'ServiceUnavailable', 'InsufficientStorage']);

test('ECR throws no exception that the SDK does not know', () => {
  const root = join(import.meta.dirname, '../../src/services/ecr');
  const thrown = globSync('**/*.ts', { cwd: root }).flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/new Fault\(\s*'(\w+)'/g)].map((match) => match[1]!),
  );
  assert.ok(thrown.includes('RepositoryNotFoundException'));
  assert.deepEqual(
    thrown.filter((code) => !sdkExceptions.has(code) && !frontEndCodes.has(code)),
    [],
  );
});

test('what is built says the same of itself as its row', () => {
  for (const { name, action, operation } of ecrLedger) {
    if (operation === undefined) continue;
    assert.equal(operation.name, name);
    assert.equal(operation.action, action);
    // The one operation that has no action of its own.
    assert.equal(action, name === 'ListImageReferrers' ? 'ecr:BatchGetImage' : `ecr:${name}`);
  }
});

/** The SDK's exceptions of an operation stand only in its documentation. */
function exceptionsThrownBy(operation: string): string[] {
  const main = createRequire(import.meta.url).resolve('@aws-sdk/client-ecr');
  const types = join(dirname(main), '..', 'dist-types', 'commands', `${operation}Command.d.ts`);
  const documented = [...readFileSync(types, 'utf8').matchAll(/@throws \{@link (\w+Exception)\}/g)].map((m) => m[1]!);
  return documented.filter((name) => name !== baseException).sort();
}

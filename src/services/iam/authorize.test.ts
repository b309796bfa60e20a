import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rootCaller } from '../caller.ts';
import { Fault } from '../fault.ts';
import { authorize } from './authorize.ts';

const caller = rootCaller('123456789012', 'AKIAEXAMPLE');

test('the root may do everything in its own account', () => {
  for (const resource of [
    '*',
    'arn:aws:ecr:us-east-1:123456789012:repository/a',
    'arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/app',
    'arn:aws:ecr:us-east-1:123456789012:repository/*',
  ]) {
    authorize(caller, 'ecr:PutImage', resource);
  }
});

test('and nothing in another, whatever the rest of the ARN says', () => {
  for (const resource of [
    'arn:aws:ecr:us-east-1:123456789013:repository/a',
    'arn:aws:ecr:us-east-1:12345678901:repository/123456789012',
    'arn:aws:ecr:us-east-1::repository/123456789012:x',
    'arn:aws:ecr',
    '',
  ]) {
    assert.throws(
      () => authorize(caller, 'ecr:PutImage', resource),
      (error: unknown) => {
        assert(error instanceof Fault);
        assert.equal(error.code, 'AccessDeniedException');
        assert.equal(
          error.message,
          `User: arn:aws:iam::123456789012:root is not authorized to perform: ecr:PutImage on resource: ${resource} because no resource-based policy allows the ecr:PutImage action`,
        );
        return true;
      },
    );
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidLayerPart, repositoryNotFound, serviceUnavailable, storageFull } from '../../services/ecr/faults.ts';
import { Fault } from '../../services/fault.ts';
import { requestEntityTooLarge, signatureDoesNotMatch, unknownOperation } from '../../services/request-faults.ts';
import * as queryError from '../aws-query/error-response.ts';
import { errorResponse } from './error-response.ts';

const ref = { accountId: '000000000000', region: 'us-east-1', name: 'app' };

test('a fault is its code, its message and the members of its shape', () => {
  assert.deepEqual(errorResponse(repositoryNotFound('app', '000000000000')), {
    status: 400,
    body: `{"__type":"RepositoryNotFoundException","message":"The repository with name 'app' does not exist in the registry with id '000000000000'"}`,
  });
  assert.deepEqual(JSON.parse(errorResponse(invalidLayerPart('m', ref, 'u', 9)).body), {
    __type: 'InvalidLayerPartException',
    message: 'm',
    registryId: '000000000000',
    repositoryName: 'app',
    uploadId: 'u',
    lastValidByteReceived: 9,
  });
  assert.equal(errorResponse(unknownOperation()).body, '{"__type":"UnknownOperationException"}');
});

test('both protocols tell the statuses of what is not the caller’s mistake', () => {
  for (const [fault, json, query] of [
    [new Fault('AccessDeniedException', ''), 400, 403],
    [signatureDoesNotMatch(), 400, 403],
    [requestEntityTooLarge(1), 413, 413],
    [new Fault('ServerException', ''), 500, 500],
    [serviceUnavailable(), 503, 503],
    [storageFull(), 507, 507],
  ] as const) {
    assert.equal(errorResponse(fault).status, json, fault.code);
    const inXml = queryError.errorResponse(fault, 'ns', 'id');
    assert.equal(inXml.status, query, fault.code);
    assert.match(inXml.body, query < 500 ? /<Type>Sender<\/Type>/ : /<Type>Receiver<\/Type>/);
  }
});

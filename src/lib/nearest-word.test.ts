import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestWord } from './nearest-word.ts';

const words = ['listen', 'data', 'region', 'regions', 'tls-cert'];

test('what was nearly typed is found', () => {
  for (const [typed, meant] of [
    ['lisen', 'listen'],
    ['tls-crt', 'tls-cert'],
    ['regio', 'region'],
    ['dta', 'data'],
  ] as const) {
    assert.equal(nearestWord(typed, words), meant);
  }
});

test('what is far from everything is not guessed', () => {
  for (const typed of ['', 'x', 'certificate', 'port']) assert.equal(nearestWord(typed, words), undefined);
});

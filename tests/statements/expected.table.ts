/**
 * What each request asks of the database: queries on SQLite and on PostgreSQL, and whether they need a transaction (two more round trips
 * on PostgreSQL, of which the first travels with the first query). Proved by statements.test.ts, printed into docs/database-cost.md.
 */
export interface DatabaseCost {
  readonly sqlite: number;
  readonly postgres: number;
  readonly transaction: boolean;
}

export const expectedCosts: Readonly<Record<string, DatabaseCost>> = {
  'GET /v2/': { sqlite: 0, postgres: 0, transaction: false },
  'GET manifest by tag, first time': { sqlite: 1, postgres: 1, transaction: false },
  'GET manifest by tag, again': { sqlite: 0, postgres: 0, transaction: false },
  'HEAD manifest by tag, again': { sqlite: 0, postgres: 0, transaction: false },
  'GET manifest by digest, first time': { sqlite: 1, postgres: 1, transaction: false },
  'GET manifest by digest, again': { sqlite: 0, postgres: 0, transaction: false },
  'GET manifest that is not there': { sqlite: 1, postgres: 1, transaction: false },
  'HEAD blob, first time': { sqlite: 1, postgres: 1, transaction: false },
  'HEAD blob, again': { sqlite: 0, postgres: 0, transaction: false },
  'HEAD blob that is not there': { sqlite: 1, postgres: 1, transaction: false },
  'GET blob, again': { sqlite: 0, postgres: 0, transaction: false },
  'POST upload': { sqlite: 2, postgres: 2, transaction: true },
  'PATCH upload': { sqlite: 3, postgres: 4, transaction: true },
  'PUT upload, after a PATCH': { sqlite: 11, postgres: 12, transaction: true },
  'POST upload with the whole blob': { sqlite: 8, postgres: 8, transaction: true },
  'POST upload that mounts': { sqlite: 8, postgres: 8, transaction: true },
  'PUT manifest of 2 layers, new, with a tag': { sqlite: 11, postgres: 11, transaction: true },
  'PUT manifest that is there, with a tag that moves': { sqlite: 11, postgres: 10, transaction: true },
  'DELETE manifest by digest': { sqlite: 7, postgres: 6, transaction: true },
  'GET tags/list': { sqlite: 2, postgres: 2, transaction: true },
  GetAuthorizationToken: { sqlite: 0, postgres: 0, transaction: false },
  DescribeRepositories: { sqlite: 1, postgres: 1, transaction: false },
  'DescribeImages, a page of 20': { sqlite: 2, postgres: 2, transaction: true },
  'DescribeImages of one tag': { sqlite: 3, postgres: 3, transaction: true },
  'ListImages, a page of 20': { sqlite: 2, postgres: 2, transaction: true },
  'BatchGetImage of one tag': { sqlite: 0, postgres: 0, transaction: false },
  'BatchCheckLayerAvailability of 2 layers': { sqlite: 0, postgres: 0, transaction: false },
  CreateRepository: { sqlite: 2, postgres: 2, transaction: true },
};

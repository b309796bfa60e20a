/** What a row of the conformance table is, and what proves it. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { callEcr } from '../support/call-ecr.ts';
import { jsonOf, type Reply, type RequestOptions } from '../support/raw-request.ts';
import { pathOf, type RegistryClient, registryClient } from '../support/registry-client.ts';
import type { TestServer } from '../support/start-server.ts';

export interface Requirement {
  /** Heading of the specification. */
  readonly section: string;
  readonly level: 'MUST' | 'SHOULD' | 'MAY';
  /** What it asks of a registry, in our own words. */
  readonly text: string;
  /** Throws when it does not hold on the wire. */
  readonly prove: (bench: Bench) => Promise<void>;
}

/** A running registry with what most proofs need. */
export interface Bench extends RegistryClient {
  readonly server: TestServer;
  /** A new, empty repository. */
  newRepository(): Promise<string>;
  /** Sends a request and asserts its status. */
  expect(status: number, method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** POSTs a new upload and answers its path. */
  startUpload(repository: string): Promise<string>;
}

export function openBench(server: TestServer): Bench {
  const client = registryClient({ origin: server.origin, token: server.dockerToken() });
  let repositories = 0;
  const expect: Bench['expect'] = async (status, method, path, options) => {
    const reply = await client.request(method, path, options);
    assert.equal(reply.status, status, `${method} ${path}: ${reply.body.toString().slice(0, 300)}`);
    return reply;
  };
  return {
    ...client,
    server,
    expect,
    async newRepository() {
      repositories += 1;
      const repositoryName = `conformance/repository-${repositories}`;
      await callEcr(server.origin, server, 'CreateRepository', { repositoryName });
      return repositoryName;
    },
    async startUpload(repository) {
      const started = await expect(202, 'POST', `/v2/${repository}/blobs/uploads/`);
      return pathOf(started, server.origin);
    },
  };
}

/** Random bytes: no two proofs share a blob. */
export const newBytes = (length = 512): Buffer => randomBytes(length);

export const withDigest = (location: string, digest: string): string =>
  `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;

/** Asserts that a reply is an error document of the specification with this code. */
export function assertError(reply: Reply, status: number, code: string): void {
  assert.equal(reply.status, status, reply.body.toString().slice(0, 300));
  const { errors } = jsonOf(reply) as { errors: { code: string; message: string }[] };
  assert.deepEqual(
    errors.map((error) => error.code),
    [code],
  );
  assert.equal(typeof errors[0]?.message, 'string');
}

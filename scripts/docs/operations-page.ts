/** docs/operations.md: the ledger of every operation with its state and the tests that prove it. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ecrLedger } from '../../src/services/ecr/operations.ts';
import type { LedgerEntry } from '../../src/services/run-operation.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a caller of a built operation may wrongly expect of it. */
const notes: Readonly<Record<string, string>> = {
  CreateRepository: '`scanOnPush` is kept and shown, images are not scanned yet; KMS and KMS_DSSE are refused',
  PutImageScanningConfiguration: 'kept and shown; images are not scanned yet',
  DescribeRegistry: 'the replication configuration is always empty: replication is not built yet',
};

export function operationsPage(): string {
  const proofs = findProofs(ecrLedger.map((entry) => entry.name));
  const built = ecrLedger.filter((entry) => entry.operation !== undefined);
  const row = (entry: LedgerEntry) =>
    `| ${entry.name} | \`${entry.action}\` on ${entry.resourceType === 'repository' ? 'the repository' : '`*`'} | ${stateOf(entry)} | ${(proofs.get(entry.name) ?? []).join('<br>')} |\n`;
  return `# Operations of the ECR API

Printed by \`scripts/generate-docs.ts\` from \`src/services/ecr/operations.ts\`: ${built.length} of ${ecrLedger.length} operations are built.
One that is not answers HTTP 400 with \`UnsupportedCommandException\`, which clients do not repeat. A test stands here when
its title or a \`proves:\` comment names the operation.

| operation | IAM action | state | tests |
|---|---|---|---|
${ecrLedger.map(row).join('')}
STS: GetCallerIdentity is built. Every other action of STS and IAM answers HTTP 400 with \`InvalidAction\`.
`;
}

function stateOf({ name, operation }: LedgerEntry): string {
  if (operation === undefined) return 'not built';
  return notes[name] === undefined ? '**built**' : `**built**: ${notes[name]}`;
}

/** Test files by the operations that their titles and `proves:` comments name. */
function findProofs(names: readonly string[]): Map<string, string[]> {
  const proofs = new Map<string, string[]>();
  for (const file of globSync(['src/**/*.test.ts', 'tests/**/*.test.ts'], { cwd: root }).sort()) {
    const text = readFileSync(`${root}/${file}`, 'utf8');
    const claims = [...text.matchAll(/\b(?:test|it|describe|suite)\(\s*(['"`])(.*?)\1|\bproves: (.*)/g)].map(
      (m) => m[2] ?? m[3],
    );
    const words = new Set(claims.join(' ').match(/\w+/g));
    for (const name of names) {
      if (words.has(name)) proofs.set(name, [...(proofs.get(name) ?? []), file]);
    }
  }
  return proofs;
}

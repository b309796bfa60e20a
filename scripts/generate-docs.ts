/**
 * Prints the documents that are made from code. `node scripts/generate-docs.ts` writes them; with `--check` it writes nothing
 * and exits 1 when one is not what the code says.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { commandsPage } from './docs/commands-page.ts';
import { databaseCostPage } from './docs/database-cost-page.ts';
import { operationsPage } from './docs/operations-page.ts';
import { settingsPage } from './docs/settings-page.ts';

/** A document by its path in the project, and what makes its text. */
const documents: readonly (readonly [path: string, page: () => string | Promise<string>])[] = [
  ['docs/operations.md', operationsPage],
  ['docs/settings.md', settingsPage],
  ['docs/commands.md', commandsPage],
  ['docs/database-cost.md', databaseCostPage],
];

const check = argv.includes('--check');
let stale = 0;
for (const [path, page] of documents) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const text = await page();
  if (text === readIfThere(file)) continue;
  stale += 1;
  if (!check) writeFileSync(file, text);
  console.log(check ? `${path} is not what the code says: run node scripts/generate-docs.ts` : `${path} written`);
}
if (check && stale > 0) exit(1);

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

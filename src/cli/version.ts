/** `longshore version`: what runs here. */
import type { Command } from 'commander';
import { version } from '../version.ts';

export function versionCommand(program: Command): void {
  program
    .command('version')
    .description('Print the version.')
    .option('--json', 'Print JSON.')
    .action(({ json }: { json?: boolean }) => {
      const text = json
        ? JSON.stringify({ version, node: process.version })
        : `longshore ${version} (Node ${process.version})`;
      process.stdout.write(`${text}\n`);
    });
}

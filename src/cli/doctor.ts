/** `longshore doctor`: looks at everything that serving needs and says what to do. */
import type { Command } from 'commander';
import { examine } from '../app/examine.ts';
import type { HealthFinding } from '../ports/health-finding.ts';
import { counted } from './counted.ts';
import { addSettingOptions, configOf } from './setting-options.ts';

export function doctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .description(
      'Look at settings, disk, database, layer store, keys, clock, TLS and names, and say what to do (exit code 1 when something does not work). Works before the first start and beside a running server.',
    )
    .option('--json', 'Print JSON.');
  addSettingOptions(command).action(async ({ json = false }: { json?: boolean }, called: Command) => {
    const config = await configOf(called);
    const findings: HealthFinding[] = [];
    for await (const finding of examine(config)) {
      findings.push(finding);
      if (!json) process.stdout.write(textOf(finding));
    }
    const problems = findings.filter(({ verdict }) => verdict === 'problem').length;
    const warnings = findings.filter(({ verdict }) => verdict === 'warning').length;
    process.stdout.write(
      json
        ? `${JSON.stringify({ problems, warnings, findings }, null, 2)}\n`
        : `\n${problems === 0 && warnings === 0 ? 'All good.' : `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}.`}\n`,
    );
    if (problems > 0) process.exitCode = 1;
  });
}

const LABELS: Record<HealthFinding['verdict'], string> = { good: 'ok  ', warning: 'warn', problem: 'FAIL' };

function textOf({ about, verdict, detail, advice }: HealthFinding): string {
  const line = `${LABELS[verdict]}  ${about}: ${detail}\n`;
  return advice === undefined ? line : `${line}      -> ${advice}\n`;
}

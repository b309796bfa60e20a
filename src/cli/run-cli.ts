/** The command line: which commands there are, and how a failure ends the process (0 fine, 1 failed, 2 wrong usage). */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { version } from '../version.ts';
import { accountCommand } from './account.ts';
import { backupCommand } from './backup.ts';
import { configCommand } from './config.ts';
import { doctorCommand } from './doctor.ts';
import { envCommand } from './env.ts';
import { explainFailure } from './explain-failure.ts';
import { gcCommand } from './gc.ts';
import { jobsCommand } from './jobs.ts';
import { moveCommand } from './move.ts';
import { restoreCommand } from './restore.ts';
import { serveCommand } from './serve.ts';
import { UsageError } from './usage-error.ts';
import { verifyCommand } from './verify.ts';
import { versionCommand } from './version.ts';

/** Runs the command that `args` (without node and script) name. Answers the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    // Commander has printed its own.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const wrongUsage = error instanceof ConfigError || error instanceof UsageError;
    process.stderr.write(`${wrongUsage ? (error as Error).message : explainFailure(error)}\n`);
    return wrongUsage ? 2 : 1;
  }
}

/** For runCli and for the docs, which are printed from it. */
export function createProgram(): Command {
  const program = new Command('longshore')
    .description('Amazon ECR that you run yourself.')
    .version(version, '-V, --version', 'Print the version.')
    .showHelpAfterError('Run `longshore --help`, or --help after a command, for what there is.')
    .exitOverride();
  serveCommand(program);
  envCommand(program);
  accountCommand(program);
  configCommand(program);
  doctorCommand(program);
  verifyCommand(program);
  gcCommand(program);
  jobsCommand(program);
  backupCommand(program);
  restoreCommand(program);
  moveCommand(program);
  versionCommand(program);
  for (const command of allCommands(program)) command.exitOverride().configureHelp({ sortSubcommands: false });
  return program;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}

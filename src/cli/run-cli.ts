/** The command line: which commands there are, and how a failure ends the process (0 fine, 1 failed, 2 wrong usage). */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { version } from '../version.ts';
import { explainFailure } from './explain-failure.ts';
import { UsageError } from './usage-error.ts';

/**
 * In the order of the help. Only the command that is called is loaded: a server has no use for what moves or backs up an installation, and holds it in
 * memory all its life.
 */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  serve: async () => (await import('./serve.ts')).serveCommand,
  env: async () => (await import('./env.ts')).envCommand,
  account: async () => (await import('./account.ts')).accountCommand,
  config: async () => (await import('./config.ts')).configCommand,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  verify: async () => (await import('./verify.ts')).verifyCommand,
  gc: async () => (await import('./gc.ts')).gcCommand,
  jobs: async () => (await import('./jobs.ts')).jobsCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  move: async () => (await import('./move.ts')).moveCommand,
  version: async () => (await import('./version.ts')).versionCommand,
};

/** Runs the command that `args` (without node and script) name. Answers the exit code. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = await createProgram(args[0]);
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

/** With the command of that name; with all of them where there is none, for help, docs and suggestions. */
export async function createProgram(name = ''): Promise<Command> {
  const program = new Command('longshore')
    .description('Amazon ECR that you run yourself.')
    .version(version, '-V, --version', 'Print the version.')
    .showHelpAfterError('Run `longshore --help`, or --help after a command, for what there is.')
    .exitOverride();
  const wanted = Object.hasOwn(commands, name) ? [name] : Object.keys(commands);
  for (const one of wanted) (await commands[one]?.())?.(program);
  for (const command of allCommands(program)) command.exitOverride().configureHelp({ sortSubcommands: false });
  return program;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}

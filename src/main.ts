/** The program. Everything it can do is a command in cli/. */
import { runCli } from './cli/run-cli.ts';

process.exitCode = await runCli(process.argv.slice(2));

// `fieldmerge`: what an operator does by hand. Exit codes: 0 done, 1 failed or something is wrong, 2 the command line is.
// docs/operations.md shows every command.
import {readConfig} from './config.ts';
import {readArguments} from './operator/arguments.ts';
import {helpText} from './operator/commands.ts';
import {CommandError} from './operator/outcome.ts';
import {askOnTerminal, runCommand} from './operator/run.ts';

async function main(args: readonly string[]): Promise<0 | 1 | 2> {
  const read = readArguments(args);
  if (read.kind === 'help') {
    console.log(helpText(read.name));
    return 0;
  }
  if (read.kind === 'wrong') {
    console.error(read.message);
    return 2;
  }
  const result = readConfig();
  if (!result.ok) throw new CommandError(`The configuration is not usable:\n${result.faults.join('\n')}`);
  return runCommand(result.config, read.asked, {
    say: (line) => console.log(line),
    tell: (line) => console.error(line),
    ask: process.stdin.isTTY ? askOnTerminal : undefined,
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

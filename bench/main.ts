// `npm run bench`: measures Fieldmerge and its peers side by side on this machine. See README.md.
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {readArguments, usage, type Arguments} from './arguments.ts';
import {peerOf} from './peers/all-peers.ts';
import {isNewEnough, runOnNewerNode} from './one-node.ts';
import {installPackages} from './peers/install.ts';
import {startBenchPostgres, type BenchPostgres} from './postgres.ts';
import {writeResults} from './plot/write-results.ts';
import {runAll} from './run-all.ts';
import type {RunFile} from './run-file.ts';

const startedAt = Date.now();

function progress(message: string): void {
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  console.error(`.. ${clock} ${message}`);
}

function argumentsOrExit(): Arguments {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

async function writeJson({jsonFile}: Arguments, run: RunFile): Promise<void> {
  if (jsonFile === undefined) return;
  await mkdir(dirname(jsonFile), {recursive: true});
  await writeFile(jsonFile, `${JSON.stringify(run, null, 1)}\n`);
}

async function measureAll(chosen: Arguments, postgres: BenchPostgres): Promise<void> {
  const typed = process.argv.slice(2);
  const run = await runAll({
    ...chosen,
    peers: chosen.peers.map(peerOf),
    postgres,
    command: ['npm run bench', ...(typed.length > 0 ? ['--', ...typed] : [])].join(' '),
    isCold: true,
    onProgress: progress,
    onResult: (text) => console.log(text),
    // A run takes long: what is measured stays, should a later scenario fail.
    onScenario: (soFar) => writeJson(chosen, soFar),
  });
  if (chosen.resultsFolder !== undefined) await writeResults(run, chosen.resultsFolder);
}

async function main(chosen: Arguments): Promise<void> {
  const postgres = await startBenchPostgres();
  let stopping: Promise<void> | undefined;
  // More than once where the terminal tells every process and the one that began this passes it on.
  const stop = (): void => {
    stopping ??= postgres.stop().finally(() => process.exit(130));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    await measureAll(chosen, postgres);
  } finally {
    await postgres.stop();
  }
}

const chosen = argumentsOrExit();
const needsPackages = !isNewEnough || chosen.peers.map(peerOf).some(({isForeign}) => isForeign);
if (needsPackages) await installPackages(progress);
if (isNewEnough) await main(chosen);
else process.exitCode = await runOnNewerNode();

// `npm run bench`: measures Fieldmerge and its peers side by side on this machine. See README.md.
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {readArguments, usage, type Arguments} from './arguments.ts';
import {describeMachine} from './machine.ts';
import {peerOf} from './peers/all-peers.ts';
import {installPeers} from './peers/install.ts';
import {startBenchPostgres, type BenchPostgres} from './postgres.ts';
import {formatResult} from './report.ts';
import {runScenario, type ScenarioResult} from './run-scenario.ts';

const progress = (message: string): void => console.error(`.. ${message}`);

function argumentsOrExit(): Arguments {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

async function runAll(chosen: Arguments, postgres: BenchPostgres): Promise<void> {
  const peers = chosen.peers.map(peerOf);
  const machine = describeMachine(postgres.version);
  console.log(
    Object.entries(machine)
      .map(([key, value]) => `${key}: ${value}`)
      .join(', '),
  );
  const results: ScenarioResult[] = [];
  for (const scenario of chosen.scenarios) {
    const result = await runScenario(scenario, {
      ...chosen,
      peers,
      postgres,
      isCold: true,
      onProgress: progress,
    });
    console.log(formatResult(scenario, result, {peers, scale: chosen.scale}));
    results.push(result);
  }
  if (chosen.jsonFile === undefined) return;
  const {scale, repetitions} = chosen;
  await mkdir(dirname(chosen.jsonFile), {recursive: true});
  await writeFile(chosen.jsonFile, `${JSON.stringify({machine, scale, repetitions, results}, null, 2)}\n`);
}

const chosen = argumentsOrExit();
await installPeers(chosen.peers, progress);
const postgres = await startBenchPostgres();
const stop = (): void => void postgres.stop().finally(() => process.exit(130));
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
try {
  await runAll(chosen, postgres);
} finally {
  await postgres.stop();
}

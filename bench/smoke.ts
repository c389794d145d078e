// `npm run bench:smoke`: every scenario at a tiny load, with Fieldmerge and the floors, for correctness only. What was
// sent must arrive, nothing may be lost, and what comes out must be well-formed. Figures are not looked at. One of
// the steps of `npm run check`.
import assert from 'node:assert/strict';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {peerOf} from './peers/all-peers.ts';
import type {Peer} from './peers/peer.ts';
import {startBenchPostgres} from './postgres.ts';
import {writeResults} from './plot/write-results.ts';
import {runAll} from './run-all.ts';
import {readRunFile, type RunFile, type RunResult} from './run-file.ts';
import {scenarios} from './scenarios/all-scenarios.ts';
import type {Scenario} from './scenarios/scenario.ts';

const SCALE = 0.01;
/** What passes bytes on is driven by the same code everywhere: that it works is shown where it is compared. */
const relayed: readonly string[] = ['connections', 'transport'];

const peersOf = ({name}: Scenario): Peer[] =>
  (relayed.includes(name)
    ? (['fieldmerge', 'floor-ws', 'floor-uws', 'floor-pg'] as const)
    : (['fieldmerge', 'floor-pg', 'floor-merge'] as const)
  ).map(peerOf);

function assertWellFormed(scenario: Scenario, result: RunResult | undefined, peers: readonly Peer[]): void {
  assert(result !== undefined, `${scenario.name} has no result`);
  for (const peer of peers.filter((candidate) => scenario.isFor(candidate)))
    assert(
      result.rows.some((row) => row.peer === peer.name),
      `${scenario.name} has no row of ${peer.name}`,
    );
  for (const {peer, way, values, trials} of result.rows) {
    assert.equal(trials.length, 1);
    for (const {key} of scenario.columns) {
      const {median = NaN} = values[key] ?? {};
      const [trial = {}] = trials;
      assert(key in trial, `${scenario.name}, ${peer}, ${way}: no ${key}`);
      assert(median >= 0 || Number.isNaN(median), `${scenario.name}, ${peer}, ${way}: ${key} is ${median}`);
    }
  }
}

/** Tables, JSON and plots are written and can be read again. */
async function assertWritten(run: RunFile, folder: string): Promise<void> {
  await writeResults(run, folder);
  assert.deepEqual(await readRunFile(join(folder, 'results.json')), run);
  const readme = await readFile(join(folder, 'README.md'), 'utf8');
  for (const {name} of scenarios) assert(readme.includes(`## ${name}`), `README.md says nothing of ${name}`);
}

const startedAt = Date.now();
const folder = await mkdtemp(join(tmpdir(), 'bench-smoke-'));
const postgres = await startBenchPostgres();
const stop = (): void => void postgres.stop().finally(() => process.exit(130));
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
try {
  const results: RunFile['results'] = [];
  let last: RunFile | undefined;
  for (const scenario of scenarios) {
    const peers = peersOf(scenario);
    last = await runAll({
      scenarios: [scenario],
      peers,
      postgres,
      command: 'npm run bench:smoke',
      scale: SCALE,
      repetitions: 1,
      isCold: false,
      profileFolder: undefined,
      onProgress: (message) => console.log(`.. ${message}`),
      onResult: () => undefined,
    });
    for (const {peer, reason} of last.absent) console.log(`${peer}: not here. ${reason}`);
    const absent = new Set(last.absent.map(({peer}) => peer));
    assertWellFormed(
      scenario,
      last.results[0],
      peers.filter(({name}) => !absent.has(name)),
    );
    results.push(...last.results);
  }
  assert(last !== undefined);
  const run = {...last, results};
  await assertWritten(run, folder);
  console.log(
    `bench smoke: ${run.results.length} scenarios in ${Math.round((Date.now() - startedAt) / 1_000)} s`,
  );
} finally {
  await postgres.stop();
  await rm(folder, {recursive: true, force: true});
}

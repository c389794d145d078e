// Random histories across two nodes; see node-history.ts. NODE_MODEL_RUNS and MODEL_SEED choose how many and which, and
// NODE_MODEL_MINUTES when to begin no more. A seed gives the same acts; in which order two nodes come to the database
// is the database's affair.
import {expect, test} from 'vitest';
import {verifyDatabase} from '#server/sync/verify.ts';
import {randomFrom} from '../support/random.ts';
import type {Person} from '../support/world.ts';
import {foundCompany, startCluster, type Cluster, type Company} from './company.ts';
import {checkHistory} from './node-checks.ts';
import {act, beginHistory} from './node-history.ts';
import type {ReplayTally} from './replay.ts';

const RUNS = Number(process.env['NODE_MODEL_RUNS'] ?? 1_000);
const SEED = Number(process.env['MODEL_SEED'] ?? 20_261_123);
/** Begins no further history after this long. */
const MINUTES = Number(process.env['NODE_MODEL_MINUTES'] ?? 60);
const ACTS = 40;
/** Logs stay short. */
const RUNS_PER_TENANT = 25;
/** Histories under way at once, each on two nodes and a database of its own. */
const CLUSTERS = 4;
const MS_PER_RUN = 3_000;

async function runHistory(company: Company, seed: number, stranger: Person): Promise<ReplayTally> {
  const history = await beginHistory(company, seed);
  try {
    company.faults.isOn = true;
    for (let count = 0; count < ACTS; count++) await act(history);
    return await checkHistory(history, stranger);
  } catch (error) {
    const again = `MODEL_SEED=${seed} NODE_MODEL_RUNS=1`;
    throw new Error(`${again}: ${String(error)}\n${history.acts.join(', ')}`, {cause: error});
  } finally {
    for (const {editor} of history.live) editor.disconnect();
    for (const {editor} of history.live) await editor.settled();
    company.journal.landings.length = 0;
  }
}

function* seedsUntil(end: number): Generator<number> {
  for (let run = 0; run < RUNS && Date.now() < end; run++) yield SEED + run;
}

/** Takes seeds until there are none left. */
async function runMany(seeds: Iterator<number>, total: Record<string, number>): Promise<void> {
  const add = (more: object): void => {
    for (const [name, count] of Object.entries(more)) total[name] = (total[name] ?? 0) + (count as number);
  };
  let cluster: Cluster | null = null;
  let company: Company | null = null;
  let stranger: Person | null = null;
  for (let run = 0, next = seeds.next(); next.done !== true; run++, next = seeds.next()) {
    cluster ??= await startCluster(randomFrom(next.value));
    stranger ??= await cluster.nodes[0]!.world.newManager();
    if (company === null || run % RUNS_PER_TENANT === 0) company = await foundCompany(cluster);
    add({histories: 1, ...(await runHistory(company, next.value, stranger))});
  }
  if (cluster === null) return;
  add(cluster.faults.tally);
  expect((await verifyDatabase(cluster.nodes[0]!.world.service)).faults).toEqual([]);
}

// I32 of docs/reliability.md.
test(
  `two nodes agree with the oracle whatever devices, wires, members and nodes do: ${RUNS} histories of ${ACTS} acts, seed ${SEED}`,
  {timeout: 60_000 + RUNS * MS_PER_RUN},
  async () => {
    const total: Record<string, number> = {};
    const seeds = seedsUntil(Date.now() + MINUTES * 60_000);
    await Promise.all(Array.from({length: CLUSTERS}, () => runMany(seeds, total)));
    console.log(`two nodes: seed ${SEED}, ${JSON.stringify(total)}`);
    const {merges = 0, conflicts = 0, refused = 0, unchanged = 0} = total;
    expect(Math.min(merges, conflicts, refused, unchanged)).toBeGreaterThan((total['histories'] ?? 0) / 2);
  },
);

// Two nodes, the same records, at once.
// EDITS=100000 npx vitest run test/nodes/contention.pg.test.ts makes more of them; SEED=n the same ones again.
import {expect, test} from 'vitest';
import {startNode} from '../support/nodes.ts';
import {describeMs, runContention} from './contention.ts';

const EDITS = Number(process.env['EDITS'] ?? 2_000);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

// I32 of docs/reliability.md.
test(
  `the same records written on two nodes at once lose nothing, and conflicts are exact: ${EDITS} edits, seed ${SEED}`,
  async () => {
    const first = await startNode();
    const nodes = [first, await startNode({nextTo: first})] as const;
    const report = await runContention({nodes, edits: EDITS, seed: SEED, live: 10, rest: 4, records: 12});
    const {tally, positions, ms} = report;
    console.log(
      `two nodes: ${EDITS} edits with seed ${SEED} in ${(ms / 1_000).toFixed(1)} s: ${JSON.stringify(tally)}\n` +
        `  from a lane's queue to the receipt ${describeMs(report.commits)}; groups ${describeMs(report.groups)}\n` +
        `  waiting for the tenant's counter ${describeMs(report.lockWaits)}\n` +
        `  from the receipt to a device of the other node ${describeMs(report.deliveries)}`,
    );
    expect(report.holes).toBe(0);
    expect(positions.every((seq, index) => seq === index + 1)).toBe(true);
    expect(Math.min(tally.merges, tally.conflicts, tally.refused, tally.unchanged)).toBeGreaterThan(
      EDITS / 100,
    );
  },
  60_000 + EDITS * 60,
);

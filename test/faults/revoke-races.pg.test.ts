// A right is taken away on one node while its owner writes on another.
// RACES=1000 npx vitest run test/faults/revoke-races.pg.test.ts runs more of them; SEED=n the same ones again.
import {expect, test} from 'vitest';
import {startNode} from '../support/nodes.ts';
import {randomFrom} from '../support/random.ts';
import {raceKinds, runRace, type RaceReport} from './revoke-races.ts';

const RACES = Number(process.env['RACES'] ?? 60);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** Logs and lists stay short. */
const RACES_PER_TENANT = 20;

const sum = (reports: readonly RaceReport[], of: 'sent' | 'acked'): number =>
  reports.reduce((total, report) => total + report[of], 0);

// I22 of docs/reliability.md.
test(
  `nothing is committed by whoever lost the right to it, and their socket ends: ${RACES} races, seed ${SEED}`,
  async () => {
    const random = randomFrom(SEED);
    const first = await startNode();
    const nodes = [first, await startNode({nextTo: first})] as const;
    const reports: RaceReport[] = [];
    let manager = await first.world.newManager();
    for (let race = 0; race < RACES; race++) {
      if (race % RACES_PER_TENANT === 0) manager = await first.world.newManager();
      const kind = raceKinds[race % raceKinds.length]!;
      const [node, other] = random.chance(0.5) ? nodes : [nodes[1], nodes[0]];
      const report = await runRace(kind, {node, other, manager, random});
      reports.push(report);
      const {late, missing, code} = report;
      expect({race, kind: kind.name, late, missing}).toEqual({race, kind: kind.name, late: 0, missing: 0});
      expect(kind.codes, kind.name).toContain(code);
    }
    const longest = (of: 'lastFrameMs' | 'closedMs'): number =>
      Math.max(...reports.map((report) => report[of]));
    console.log(
      `races: ${RACES} with seed ${SEED}, ${sum(reports, 'sent')} writes sent, ${sum(reports, 'acked')} acknowledged, 0 late; ` +
        `after the revoking commit the last frame came within ${longest('lastFrameMs')} ms, the end of the socket within ${longest('closedMs')} ms`,
    );
    expect(sum(reports, 'acked')).toBeGreaterThan(RACES);
    // A poll of the database that is not asked for would take longer; what is usual is far less.
    expect(longest('lastFrameMs')).toBeLessThan(5_000);
  },
  60_000 + RACES * 2_000,
);

// Random histories as in merge.model.test.ts, but against the real lane: every change is a commit on Postgres.
// LANE_MODEL_RUNS and MODEL_SEED choose how many and which.
import {randomUUID} from 'node:crypto';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import type {JsonObject} from '#crdt/json.ts';
import {createArena, type Arena} from '#test/support/lane-kit.ts';
import type {Member} from '#server/sync/members.ts';
import {checkReplicas, createHistory, type Tally} from './history.ts';
import {createLaneServer} from './lane-server.ts';
import {begin, perform, quiesce, tryToBegin} from './operations.ts';
import {plans, type Plan} from './plan.ts';
import {vocabularies} from './vocabulary.ts';

const runs = Number(process.env['LANE_MODEL_RUNS'] ?? 25);
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);
const OPERATIONS = 40;
const MS_PER_RUN = 4_000;

async function runOnLane({database, tenancy}: Arena, plan: Plan): Promise<Tally> {
  const whole = vocabularies[plan.entity % vocabularies.length];
  if (whole === undefined) throw new Error('no such vocabulary');
  // A lane numbers records, of which the oracle knows nothing.
  const vocabulary = {...whole, keys: whole.keys.filter(({key}) => key !== 'number')};
  const {manager} = await tenancy.newTenant();
  const members = new Map<string, Member>();
  for (const index of plan.devices.keys()) {
    members.set(`device-${index}`, await tenancy.onNewDevice(manager));
  }
  const server = await createLaneServer({
    pool: database.pool,
    keyring: tenancy.keyring,
    entity: vocabulary.entity,
    recordId: randomUUID(),
    members,
  });
  const history = createHistory({vocabulary, seed: plan.seed, devices: plan.devices}, server);
  await tryToBegin(history);
  await begin(history);
  for (const next of plan.operations) await perform(history, next);
  await quiesce(history);
  await checkReplicas(history);
  if (vocabulary.entity === 'finance_entries') checkNumber(await server.fields());
  return history.tally;
}

/** Of the numbers the oracle knows nothing; but whatever happened, what is issued has one; no draft has, and no expense. */
function checkNumber({kind, status, number, issueDate}: JsonObject): void {
  if (kind !== 'invoice') {
    expect(number).toBeNull();
    return;
  }
  const isIssued = status === 'issued' || status === 'sent';
  if (isIssued || number !== null) {
    expect(number).toMatch(/^INV-\d{4}-\d{5}$/);
    expect(issueDate).not.toBeNull();
    expect(status).not.toBe('draft');
  }
}

it(
  `what is stored agrees with every replica, and conflicts are exact, in ${runs} histories of ${OPERATIONS} operations`,
  {timeout: 60_000 + runs * MS_PER_RUN},
  async () => {
    console.log(`lane model: ${runs} histories, MODEL_SEED=${seed}`);
    const arena = await createArena();
    const total = {merges: 0, conflicts: 0, refused: 0, redelivered: 0, needs: 0};
    await fc.assert(
      fc.asyncProperty(plans(OPERATIONS), async (plan) => {
        // What employees see is the lane's affair and not the merge's: they would be refused before it.
        const devices = plan.devices.map((device) => ({...device, employee: false}));
        const tally = await runOnLane(arena, {...plan, devices});
        for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += tally[name];
      }),
      {numRuns: runs, seed, endOnFailure: true},
    );
    console.log(`lane model: ${JSON.stringify(total)}`);
    expect(Math.min(total.merges, total.conflicts, total.refused, total.redelivered)).toBeGreaterThan(0);
  },
);

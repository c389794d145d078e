// Random histories against the oracle. MODEL_RUNS and MODEL_SEED choose how many and which; 50,000 of them:
// MODEL_RUNS=50000 npx vitest run test/model/merge.model.test.ts
import {resolve} from 'node:path';
import fc from 'fast-check';
import {expect, it} from 'vitest';
import {loadCore} from './core.ts';
import {plans, type Plan} from './plan.ts';
import {runPlan, shorten} from './run.ts';

const runs = Number(process.env['MODEL_RUNS'] ?? 1_500);
const seed = Number(process.env['MODEL_SEED'] ?? Date.now() % 2 ** 31);
const OPERATIONS = 60;
const MS_PER_RUN = 60;

const core = await loadCore(resolve(import.meta.dirname, '../../crdt'));

const failureOf = async (plan: Plan): Promise<Error | null> => {
  try {
    await runPlan(core, plan);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

async function report(plan: Plan): Promise<string> {
  const shortest = await shorten(plan, async (candidate) => (await failureOf(candidate)) !== null);
  const {operations, ...cast} = shortest;
  const lines = operations.map((operation) => `  ${JSON.stringify(operation)}`);
  const failure = await failureOf(shortest);
  return [`MODEL_SEED=${seed}`, JSON.stringify(cast), ...lines, failure?.stack ?? ''].join('\n');
}

// I12 of docs/reliability.md.
// I15 of docs/reliability.md.
it(
  `every replica, the document and the row agree, and conflicts are exact, in ${runs} histories of ${OPERATIONS} operations`,
  {timeout: 60_000 + runs * MS_PER_RUN},
  async () => {
    console.log(`model: ${runs} histories, MODEL_SEED=${seed}`);
    const total = {merges: 0, conflicts: 0, refused: 0, redelivered: 0, needs: 0, resets: 0};
    const result = await fc.check(
      fc.asyncProperty(plans(OPERATIONS), async (plan) => {
        const tally = await runPlan(core, plan);
        for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += tally[name];
      }),
      {numRuns: runs, seed, endOnFailure: true},
    );
    console.log(`model: ${JSON.stringify(total)}`);
    const [plan] = result.counterexample ?? [];
    if (plan !== undefined) throw new Error(await report(plan));
    expect(result.failed).toBe(false);
    // A model in which nothing happens proves nothing.
    expect(Math.min(...Object.values(total))).toBeGreaterThan(0);
  },
);

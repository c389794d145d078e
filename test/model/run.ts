// Runs a plan against a core, and finds the shortest part of one that still fails.
import type {Core} from './core.ts';
import {checkReplicas, createHistory, type Tally} from './history.ts';
import {begin, perform, quiesce, tryToBegin} from './operations.ts';
import type {Plan} from './plan.ts';
import {createCoreServer} from './server.ts';
import {vocabularies} from './vocabulary.ts';

export interface RunOptions {
  readonly remembersChanges: boolean;
}

/** Runs one plan. Throws where the core and the oracle differ. */
export async function runPlan(
  core: Core,
  plan: Plan,
  options: RunOptions = {remembersChanges: true},
): Promise<Tally> {
  const vocabulary = vocabularies[plan.entity];
  if (vocabulary === undefined) throw new Error('no such vocabulary');
  const server = createCoreServer({
    core,
    entity: vocabulary.entity,
    recordId: '00000000-0000-4000-8000-000000000001',
    ...options,
  });
  const history = createHistory({vocabulary, seed: plan.seed, devices: plan.devices}, server);
  await tryToBegin(history);
  await begin(history);
  for (const next of plan.operations) await perform(history, next);
  await quiesce(history);
  await checkReplicas(history);
  return history.tally;
}

/** The shortest history found that still fails, leaving out one operation at a time. */
export async function shorten(plan: Plan, fails: (plan: Plan) => Promise<boolean>): Promise<Plan> {
  let shortest = plan;
  for (
    let size = Math.ceil(plan.operations.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = shortest.operations.length - size; from >= 0; from -= size) {
      const operations = shortest.operations.filter((_, index) => index < from || index >= from + size);
      const candidate = {...shortest, operations};
      if (await fails(candidate)) shortest = candidate;
    }
  }
  return shortest;
}

// Plans for fast-check and how one is run against a core.
import fc from 'fast-check';
import type {Core} from './core.ts';
import {checkReplicas, createHistory, type Cast, type History, type Tally} from './history.ts';
import {begin, operationKinds, perform, quiesce, type Operation, type OperationKind} from './operations.ts';
import {createCoreServer} from './server.ts';
import {vocabularies} from './vocabulary.ts';

export interface Plan {
  readonly entity: number;
  readonly seed: number;
  readonly devices: Cast['devices'];
  readonly operations: readonly Operation[];
}

const kinds = Object.entries(operationKinds) as [OperationKind, number][];
const anyOperation: fc.Arbitrary<Operation> = fc.record({
  kind: fc.oneof(...kinds.map(([kind, weight]) => ({weight, arbitrary: fc.constant(kind)}))),
  by: fc.nat(5),
  what: fc.nat(1_000),
  how: fc.nat(1_000),
  dice: fc.nat(2 ** 31),
});

const device = fc.record({
  kind: fc.constantFrom('plain' as const, 'plain' as const, 'keeping' as const, 'json' as const),
  employee: fc.constant(false),
});

/** Histories of 3 to 6 devices with this many operations. */
export const plans = (operations: number): fc.Arbitrary<Plan> =>
  fc
    .record({
      entity: fc.nat(vocabularies.length - 1),
      seed: fc.nat(2 ** 31),
      maker: fc.constantFrom('plain' as const, 'keeping' as const),
      others: fc.array(device, {minLength: 2, maxLength: 5}),
      hasEmployee: fc.boolean(),
      operations: fc.array(anyOperation, {minLength: operations, maxLength: operations}),
    })
    .map(({maker, others, hasEmployee, ...plan}) => ({
      ...plan,
      devices: [
        {kind: maker, employee: false},
        // Only tasks let an employee write some fields and not others.
        ...others.map((other, index) => ({
          ...other,
          employee: hasEmployee && index === 0 && plan.entity === 0,
        })),
      ],
    }));

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
  const history: History = createHistory({vocabulary, seed: plan.seed, devices: plan.devices}, server);
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

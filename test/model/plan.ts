// The plans that fast-check draws: a cast of devices and a list of operations. Each operation is a kind and a
// few numbers, so that any list of them is a history and any of them can be left out.
import fc from 'fast-check';
import type {Cast} from './history.ts';
import {vocabularies} from './vocabulary.ts';

export const operationKinds = {
  write: 30,
  writeSeveral: 6,
  text: 5,
  removeEntry: 4,
  deleteRecord: 4,
  send: 12,
  sendAgain: 6,
  receive: 8,
  connection: 8,
  restart: 4,
  skew: 4,
  serverRestart: 2,
  compact: 1,
} as const;

export type OperationKind = keyof typeof operationKinds;

export interface Operation {
  readonly kind: OperationKind;
  /** Which device. */
  readonly by: number;
  /** Which key, and which value. */
  readonly what: number;
  readonly how: number;
  /** Seeds what is left to chance within it, so that leaving another operation out changes nothing here. */
  readonly dice: number;
}

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

// Mutants of the lane that are no different from the code.
import type {Equivalent} from './equivalent.ts';

export const equivalentsOfLane: readonly Equivalent[] = [
  {
    file: 'server/sync/decide-group.ts',
    code: 'entries[0]?.loser',
    mutant: 'entries[0].loser',
    reason: 'the type checker wants it: a conflict has an entry',
  },
  {
    file: 'server/sync/decide-group.ts',
    code: 'entries[0]?.winner',
    mutant: 'entries[0].winner',
    reason: 'the type checker wants it: a conflict has an entry',
  },
  {
    file: 'server/sync/decide-group.ts',
    code: 'seq !== null',
    mutant: 'true',
    reason: 'the type checker wants it: no change was made of the state at no position',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'grownBytes(working) < COMPACT_BYTES_MIN',
    mutant: 'grownBytes(working) <= COMPACT_BYTES_MIN',
    reason: 'an estimate: a history of exactly this size may be compacted or not',
  },
  {
    file: 'server/sync/decide-group.ts',
    code: "role === 'manager'",
    mutant: 'false',
    onLine: 'return {userId, deviceId, role, employeeId};',
    reason: 'nobody asks what a manager sees',
  },
  {
    file: 'server/sync/receipts.ts',
    code: 'counter?.at',
    mutant: 'counter.at',
    reason: 'the type checker wants it: what has a position was written, so there is a counter',
  },
  {
    file: 'server/sync/receipts.ts',
    code: 'counter === null',
    mutant: 'false',
    onLine: 'const seq =',
    reason: 'the type checker wants it: what has a place was written, so there is a counter',
  },
];

// Mutants of the lane that are no different from the code.
import type {Equivalent} from './equivalent.ts';

export const equivalentsOfLane: readonly Equivalent[] = [
  {
    file: 'server/sync/lane.ts',
    code: 'first !== undefined',
    mutant: 'true',
    reason: 'the type checker wants it: a group has a change',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'counter === null',
    mutant: 'false',
    onLine: 'committed: counter === null',
    reason: 'the type checker wants it: what is in the log was counted',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'place > 0',
    mutant: 'true',
    onLine: 'if (place > 0',
    reason: 'what was changed has a state, and nothing else has',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'counter !== null',
    mutant: 'true',
    onLine: 'if (place > 0',
    reason: 'what has a state was written, so there is a counter',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'place > 0 && counter !== null && state !== undefined',
    mutant: 'place > 0 && counter !== null || state !== undefined',
    onLine: 'if (place > 0',
    reason: 'what has a state was changed and written',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'place === 0',
    mutant: 'false',
    onLine: 'if (place === 0 ||',
    reason: 'what was not changed has no state',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'working.place === 0',
    mutant: 'false',
    reason: 'a record grows by being changed, and is compacted then',
  },
  {
    file: 'server/sync/flush-group.ts',
    code: 'record.plain.bytes.length < COMPACT_BYTES_MIN',
    mutant: 'record.plain.bytes.length <= COMPACT_BYTES_MIN',
    reason: 'an estimate: a record of exactly this size may be looked at or not',
  },
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

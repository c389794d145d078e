// Answers to updates, and the bound on what they carry.
import {expect, test} from 'vitest';
import {answerOf, createStateBudget} from './answer.ts';
import {REJECT_STATE_BYTES_MAX} from './live-limits.ts';
import type {WriteResult} from './writer.ts';

const place = {request: 7, index: 2};
const answer = (result: WriteResult, budget = createStateBudget()) => answerOf(result, {place, budget});
const rejected = (seq: number | null, bytes: number): WriteResult => ({
  kind: 'rejected',
  error: {code: 'invalid_value', message: 'Refused.'},
  seq,
  conflicts: [],
  refused: [],
  current: {generation: 3, state: new Uint8Array(bytes)},
});

test('a refused update carries the state to start over from; a consumed one needs none', () => {
  expect(answer(rejected(null, 5))).toMatchObject({
    kind: 'reject',
    ...place,
    current: {kind: 'state', generation: 3},
  });
  expect(answer(rejected(9, 5))).toMatchObject({kind: 'reject', seq: 9, current: {kind: 'ask'}});
});

test('states of one frame are bounded together; past the bound the device asks', () => {
  const budget = createStateBudget();
  expect(answer(rejected(null, REJECT_STATE_BYTES_MAX - 1), budget)).toMatchObject({
    current: {kind: 'state'},
  });
  expect(answer(rejected(null, 2), budget)).toMatchObject({current: {kind: 'ask'}});
  expect(answer(rejected(null, 1), budget)).toMatchObject({current: {kind: 'state'}});
});

test.each([
  {code: 'overloaded' as const, afterMs: 1_000},
  {code: 'not_ready' as const, afterMs: 1_000},
  {code: 'internal' as const, afterMs: 30_000},
])('$code is given back for later', ({code, afterMs}) => {
  expect(answer({kind: 'retry', code})).toEqual({kind: 'retry', ...place, code, afterMs});
});

// What the author of a change is told, now and when the change is repeated.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {untouched, type ChangeOutcome} from '#crdt/change.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {StoredResult} from '#db/push-results.ts';
import type {EncodedGroup} from './encode-group.ts';
import {EMPTY_STATE, receiptOf, repeatReceipt, resultWrites} from './receipts.ts';
import type {ConflictNotice, CurrentState, Submission} from './submission.ts';

type Done = Extract<ChangeOutcome, {kind: 'done'}>;

const unchanged = untouched('unchanged') as Done;
const refused: Done['refused'] = [{field: 'title', code: 'forbidden'}];
const applied: Done = {...unchanged, status: 'applied', changed: true, refused};
const rejected = untouched('rejected', {code: 'out_of_scope', message: 'Elsewhere.'}) as Done;

const notices: ConflictNotice[] = [{id: 'conflict', fields: ['title']}];
const encoded = {noticesOf: () => notices} as Partial<EncodedGroup> as EncodedGroup;
const at = new Date('2026-03-01T08:00:00Z');
const counter = {base: 40, at} as Parameters<typeof receiptOf>[1]['counter'];

function currentState(): CurrentState {
  const doc = new Y.Doc();
  doc.clientID = 7;
  doc.getMap('fields').set('title', 'Roof');
  return {generation: 3, state: Y.encodeStateAsUpdate(doc)};
}
const current = currentState();

test('an applied change is told its position, its moment, its conflicts and what of it was refused', () => {
  expect(receiptOf({outcome: applied, place: 2}, {counter, encoded, current})).toEqual({
    kind: 'applied',
    seq: 42,
    updatedAt: at,
    conflicts: notices,
    refused,
  });
});

test('what was not logged has no position, no moment and no conflicts', () => {
  const nothing = {kind: 'unchanged', seq: null, updatedAt: null, conflicts: [], refused: []};
  expect(receiptOf({outcome: unchanged, place: null}, {counter, encoded, current})).toEqual(nothing);
  expect(receiptOf({outcome: unchanged, place: null}, {counter: null, encoded, current})).toEqual(nothing);
});

test('a rejected change is told why, with the record as it is', () => {
  const receipt = receiptOf({outcome: rejected, place: null}, {counter, encoded, current});
  expect(receipt).toMatchObject({kind: 'rejected', error: {code: 'out_of_scope'}, seq: null, current});
});

test('nothing of a record reaches an author in whose scope it is not', () => {
  const hidden = {outcome: rejected, place: null, isOutOfScope: true as const};
  expect(receiptOf(hidden, {counter, encoded, current})).toMatchObject({kind: 'rejected', current: null});
});

test('an update that builds on what is missing is told what is there', () => {
  const outcome: ChangeOutcome = {kind: 'need'};
  expect(receiptOf({outcome, place: null}, {counter, encoded, current})).toEqual({
    kind: 'need',
    generation: 3,
    stateVector: Y.encodeStateVectorFromUpdate(current.state),
  });
  expect(receiptOf({outcome, place: null}, {counter, encoded, current: null})).toEqual({
    kind: 'need',
    generation: 0,
    stateVector: Uint8Array.of(0),
  });
});

test('an update of another generation is told to start over from what is there', () => {
  const outcome: ChangeOutcome = {kind: 'reset'};
  expect(receiptOf({outcome, place: null}, {counter, encoded, current})).toEqual({kind: 'reset', current});
  expect(receiptOf({outcome, place: null}, {counter, encoded, current: null})).toEqual({
    kind: 'reset',
    current: {generation: 0, state: EMPTY_STATE},
  });
});

const change = {
  kind: 'json' as const,
  op: 'upsert' as const,
  entity: 'tasks' as const,
  id: randomUUID(),
  changeId: randomUUID(),
  at: 0,
  base: {kind: 'current' as const},
  payload: {},
};
const submission: Submission = {
  tenantId: 'tenant' as TenantId,
  userId: randomUUID(),
  deviceId: randomUUID(),
  change,
  now: 0,
  offset: 0,
  changeId: change.changeId,
};

test('of a named change it is remembered what its author was told', () => {
  const {deviceId, changeId} = submission;
  const common = {entity: 'tasks', id: change.id, deviceId, changeId};
  const result = {conflicts: [{id: 'conflict', fields: ['title']}], refused};
  expect(resultWrites(submission, {outcome: applied, place: 2}, () => notices)).toEqual([
    {...common, place: 2, result},
  ]);
  expect(resultWrites(submission, {outcome: unchanged, place: null}, () => notices)).toEqual([
    {...common, place: null, result: {conflicts: [], refused: []}},
  ]);
});

test('of a change without a name, a rejected one and one that is not done nothing is remembered', () => {
  const nothing = [
    resultWrites({...submission, changeId: null}, {outcome: applied, place: 2}, () => notices),
    resultWrites(submission, {outcome: rejected, place: null}, () => notices),
    resultWrites(submission, {outcome: {kind: 'need'}, place: null}, () => notices),
    resultWrites(submission, {outcome: {kind: 'reset'}, place: null}, () => notices),
    resultWrites(submission, undefined, () => notices),
  ];
  expect(nothing).toEqual([[], [], [], [], []]);
});

const stored: StoredResult = {
  deviceId: submission.deviceId,
  changeId: change.changeId,
  entity: 'tasks',
  recordId: change.id,
  seq: 42,
  result: {conflicts: [{id: 'conflict', fields: ['title']}], refused: [{field: 'title', code: 'forbidden'}]},
};

test('a repeat is answered with what was remembered', () => {
  expect(repeatReceipt(submission, stored)).toEqual({
    kind: 'unchanged',
    seq: 42,
    updatedAt: null,
    conflicts: notices,
    refused,
  });
});

test.each([{entity: 'clients' as const}, {recordId: randomUUID()}])(
  'a name that was given to a change of another record is refused: %j',
  (other) => {
    const receipt = repeatReceipt(submission, {...stored, ...other});
    expect(receipt).toMatchObject({
      kind: 'rejected',
      error: {code: 'idempotency_conflict', message: expect.any(String) as string},
      current: null,
    });
  },
);

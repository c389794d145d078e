import {expect, test} from 'vitest';
import {applyChange} from './apply-change.ts';
import type {Actor, ChangeOutcome, JsonChange, RestoreChange} from './change.ts';
import {entities} from './entities/registry.ts';
import type {EntityName} from './entities/entity.ts';
import {deletedAtOf, emptyRecord, fieldsOf, type RecordState} from './record.ts';

const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const SERVER_CLIENT = 2 ** 32;
const manager: Actor = {userId: 'ana', deviceId: 'desk', role: 'manager', employeeId: null};
const other: Actor = {userId: 'ben', deviceId: 'phone', role: 'manager', employeeId: null};

/** A record of one entity, with its changes numbered from 1. */
function recordOf(entity: EntityName, payload: JsonChange['payload']) {
  const record = emptyRecord(entities[entity], ID, SERVER_CLIENT);
  let seq = 0;
  const apply = (change: JsonChange | RestoreChange, actor = manager) => {
    seq++;
    const outcome = applyChange(record, change, {
      actor,
      now: 1_000 * seq,
      offset: 0,
      seq,
      readCursor: () => null,
    });
    if (outcome.kind !== 'done') throw new Error('A JSON change needs no other.');
    return outcome;
  };
  const write = (fields: JsonChange['payload']) =>
    apply({
      kind: 'json',
      op: 'upsert',
      entity,
      id: ID,
      changeId: `change ${seq}`,
      at: 1_000 * (seq + 1),
      base: {kind: 'current'},
      payload: fields,
    });
  const restore = (
    values: RestoreChange['values'],
    {deleted, actor}: {deleted?: boolean; actor?: Actor} = {},
  ) =>
    apply(
      {
        kind: 'restore',
        entity,
        id: ID,
        changeId: `restore ${seq}`,
        values,
        ...(deleted === undefined ? {} : {deleted}),
      },
      actor,
    );
  write(payload);
  return {record, write, restore};
}

const shown = (record: RecordState, ...names: string[]) => {
  const fields = fieldsOf(record);
  return names.map((name) => fields[name]);
};
const errorOf = (outcome: Extract<ChangeOutcome, {kind: 'done'}>) => [outcome.status, outcome.error?.code];

test('a value is written in its normal form, and nothing is a conflict', () => {
  const {record, restore} = recordOf('tasks', {title: 'A', priority: 'high'});
  const outcome = restore({title: ' B '});
  expect([outcome.status, outcome.conflicts]).toEqual(['applied', []]);
  expect(shown(record, 'title', 'priority')).toEqual(['B', 'high']);
  expect(record.doc.getMap('fields').get('title')).toEqual([2_000, 'B']);
});

test('what goes less far is restored all the same, and no conflict, whoever wrote the other', () => {
  const {record, restore} = recordOf('tasks', {title: 'A', status: 'completed'});
  expect(restore({status: 'on_hold'}, {actor: other}).conflicts).toEqual([]);
  expect(shown(record, 'status')).toEqual(['on_hold']);
});

test('what is so already is no change', () => {
  const {record, restore} = recordOf('tasks', {title: 'A'});
  expect(restore({title: 'A', priority: null}, {deleted: false}).status).toBe('unchanged');
  expect(record.writes.get('title')?.seq).toBe(1);
});

test('members and items are restored one by one', () => {
  const {record, restore} = recordOf('clients', {kind: 'person', displayName: 'A', tags: ['one', 'two']});
  restore({'tags/one': null, 'tags/three': true});
  expect(shown(record, 'tags')).toEqual([['three', 'two']]);
  const task = recordOf('tasks', {title: 'A', checklist: [{id: 'x', title: '1'}]});
  task.restore({'checklist/x': {id: 'x', title: '2', position: 'a1'}});
  expect(shown(task.record, 'checklist')).toEqual([[{id: 'x', title: '2', position: 'a1'}]]);
  task.restore({'checklist/x': null});
  expect(shown(task.record, 'checklist')).toEqual([[]]);
});

test('a record is deleted and brought back with a value', () => {
  const {record, restore} = recordOf('tasks', {title: 'A'});
  restore({}, {deleted: true});
  expect(deletedAtOf(record)).toBe('1970-01-01T00:00:02.000Z');
  restore({title: 'B'}, {deleted: false});
  expect([deletedAtOf(record), ...shown(record, 'title')]).toEqual([null, 'B']);
});

test('values alone leave a deleted record deleted', () => {
  const {record, restore} = recordOf('tasks', {title: 'A'});
  restore({}, {deleted: true});
  expect(restore({title: 'B'})).toMatchObject({status: 'applied', conflicts: []});
  expect([deletedAtOf(record), ...shown(record, 'title')]).toEqual(['1970-01-01T00:00:02.000Z', 'B']);
  expect(restore({title: 'C'}, {deleted: true}).status).toBe('applied');
  expect(deletedAtOf(record)).toBe('1970-01-01T00:00:02.000Z');
});

test("a restored record is its maker's still", () => {
  const {record, restore} = recordOf('tasks', {title: 'A'});
  expect(restore({title: 'B'}, {actor: other})).toMatchObject({status: 'applied', created: false});
  expect(record).toMatchObject({created: {at: 1_000, by: 'ana'}, updatedBy: 'ben'});
});

const schedule = {
  start: '2026-01-01T08:00:00.000Z',
  end: '2026-01-01T09:00:00.000Z',
  timezone: 'Europe/Berlin',
};

test.each([
  [{nothing: 1}, 'unknown_field'],
  [{constructor: 1}, 'unknown_field'],
  [{'title/x': 'B'}, 'unknown_field'],
  [{checklist: []}, 'unknown_field'],
  [{number: 7}, 'read_only_field'],
  [{notes: 'B'}, 'invalid_value'],
  [{title: 7}, 'invalid_value'],
  [{title: 'B\u0000'}, 'invalid_value'],
  [{title: null}, 'required_field'],
  [{'checklist/x': 'B'}, 'invalid_value'],
  [{'checklist/x': []}, 'invalid_value'],
  [{'checklist/x': 7}, 'invalid_value'],
  [{schedule: {start: [[[[[[[[[[1]]]]]]]]]]}}, 'invalid_value'],
  [{schedule: {...schedule, id: 'x'}}, 'invalid_value'],
])('%j is refused whole', (values, code) => {
  const {record, restore} = recordOf('tasks', {title: 'A'});
  expect(errorOf(restore({priority: 'high', ...values}, {deleted: true}))).toEqual(['rejected', code]);
  expect([deletedAtOf(record), ...shown(record, 'title', 'priority')]).toEqual([null, 'A', null]);
});

test.each([
  [{'tags/one': 1}, 'must be true'],
  [{'tags/ one ': true}, 'must be true'],
  [{[`tags/${'x'.repeat(300)}`]: true}, 'characters long'],
])('%j is no member of a set', (values, reason) => {
  const {record, restore} = recordOf('clients', {kind: 'person', displayName: 'A'});
  const outcome = restore(values);
  expect(errorOf(outcome)).toEqual(['rejected', 'invalid_value']);
  expect(outcome.error?.message).toContain(reason);
  expect(shown(record, 'tags')).toEqual([[]]);
});

test('a restored member and a cleared field are what the document shows, too', () => {
  const {record, restore} = recordOf('clients', {kind: 'person', displayName: 'A', phone: '+4915112345678'});
  restore({'tags/one': true, phone: null});
  expect(record.doc.getMap('set:tags').get('one')).toEqual([2_000, true]);
  expect(record.doc.getMap('fields').get('phone')).toEqual([2_000, null]);
});

test('what was computed or never written cannot be given back', () => {
  const {record, restore} = recordOf('finance_entries', {kind: 'invoice', currency: 'EUR'});
  expect(errorOf(restore({totalMinor: 5}))).toEqual(['rejected', 'read_only_field']);
  expect(restore({category: null}).status).toBe('unchanged');
  expect(record.writes.has('category')).toBe(false);
});

test('a delete that is restored is shown by the document, and is no conflict', () => {
  const {record, restore} = recordOf('tasks', {title: 'A'});
  expect(restore({}, {deleted: true, actor: other}).conflicts).toEqual([]);
  expect(record.doc.getMap('fields').has('deletedAt')).toBe(true);
  expect(restore({}, {deleted: true}).status).toBe('unchanged');
});

test('what no number of JSON is, although its field takes numbers, is not restored', () => {
  const {record, restore} = recordOf('clients', {kind: 'person', displayName: 'A'});
  expect(errorOf(restore({paymentTermsDays: -0}))).toEqual(['rejected', 'invalid_value']);
  expect(record.writes.has('paymentTermsDays')).toBe(false);
});

test('what is frozen or fixed stays', () => {
  const invoice = {kind: 'invoice', status: 'issued', currency: 'EUR'};
  const {record, restore} = recordOf('finance_entries', invoice);
  expect(errorOf(restore({currency: 'USD', category: 'x'}))).toEqual(['rejected', 'frozen']);
  const fixed = restore({kind: 'expense'});
  expect(errorOf(fixed)).toEqual(['rejected', 'frozen']);
  expect(Object.keys(fixed.error?.fields ?? {})).toEqual(['kind']);
  expect(errorOf(restore({status: 'draft'}))).toEqual(['rejected', 'frozen']);
  expect(restore({currency: 'EUR'}).status).toBe('unchanged');
  expect(shown(record, 'kind', 'currency', 'category')).toEqual(['invoice', 'EUR', null]);
});

test('only managers restore, and only what there is', () => {
  const {restore} = recordOf('tasks', {title: 'A'});
  const employee: Actor = {...manager, role: 'employee'};
  expect(errorOf(restore({title: 'B'}, {actor: employee}))).toEqual(['rejected', 'forbidden']);
  const change = {kind: 'restore', entity: 'tasks', id: ID, changeId: 'x', values: {}} as const;
  const context = {actor: manager, now: 1, offset: 0, seq: 1, readCursor: () => null};
  const outcome = applyChange(emptyRecord(entities.tasks, ID, SERVER_CLIENT), change, context);
  expect(outcome).toMatchObject({status: 'rejected', error: {code: 'not_found'}});
});

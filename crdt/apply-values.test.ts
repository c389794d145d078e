import {expect, test} from 'vitest';
import {ana, ben, oneRecord, RECORD_ID, type Done, type OneRecord} from '#test/support/one-record.ts';
import type {Actor, ValuesChange} from './change.ts';
import {deletedAtOf} from './record.ts';

type Given = Partial<Pick<ValuesChange, 'values' | 'texts'>>;

/** Writes of a device that had seen nothing of what is there. */
const meet = (one: OneRecord, given: Given, actor: Actor = ben): Done =>
  one.apply(
    {kind: 'values', entity: 'tasks', id: RECORD_ID, changeId: 'kept', values: [], texts: [], ...given},
    {actor},
  );
const value = (
  key: string,
  at: number,
  to: ValuesChange['values'][number]['value'],
  over: string | null = null,
) => ({
  values: [{key, at, value: to, over}],
});
const errorOf = ({status, error}: Done) => [status, error?.code, Object.keys(error?.fields ?? {})];

const employee: Actor = {userId: 'eve', deviceId: 'pad', role: 'employee', employeeId: RECORD_ID};

test('the later of two writes wins, by when each was made and not by when it came', () => {
  const one = oneRecord('tasks', {title: 'A'});
  expect(meet(one, value('title', 500, 'B'))).toMatchObject({conflicts: [{key: 'title'}]});
  expect(one.shows('title')).toEqual({title: 'A'});
  expect(meet(one, value('title', 1_500, 'C'))).toMatchObject({conflicts: [{key: 'title'}]});
  expect(one.shows('title')).toEqual({title: 'C'});
});

test('a value that was written over the current one is no conflict', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const {id} = one.record.writes.get('title')!;
  expect(meet(one, value('title', 500, 'B', id))).toMatchObject({status: 'applied', conflicts: []});
  expect(one.shows('title')).toEqual({title: 'B'});
});

test('over one of several devices that wrote the same, it is none either', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const {id} = one.record.writes.get('title')!;
  meet(one, value('title', 900, 'A'));
  expect(one.record.writes.get('title')?.parts).toHaveLength(2);
  expect(meet(one, value('title', 500, 'B', id), {...ben, deviceId: 'tablet'}).conflicts).toEqual([]);
  expect(one.shows('title')).toEqual({title: 'B'});
});

test('members, items and cleared fields are written by key', () => {
  const one = oneRecord('tasks', {title: 'A', priority: 'high'});
  const item = {title: 'Ring', position: 'a1'};
  meet(one, {
    values: [
      {key: 'checklist/x', at: 1_500, value: item, over: null},
      {key: 'priority', at: 1_500, value: null, over: null},
    ],
  });
  expect(one.shows('checklist', 'priority')).toEqual({checklist: [{id: 'x', ...item}], priority: null});
});

test('a delete is held against what its author had not seen, and a restore brings the record back', () => {
  const one = oneRecord('tasks', {title: 'A'});
  expect(meet(one, value('deletedAt', 500, 'x'))).toMatchObject({conflicts: [{key: 'deletedAt'}]});
  expect(deletedAtOf(one.record)).toBeNull();
  meet(one, value('deletedAt', 2_500, 'x'));
  expect(deletedAtOf(one.record)).toBe('1970-01-01T00:00:02.500Z');
  meet(one, value('deletedAt', 3_500, null));
  expect(deletedAtOf(one.record)).toBeNull();
});

test('a text is added on a line of its own at the end', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const add = (text: string) => meet(one, {texts: [{field: 'notes', text}]});
  add('one');
  expect(one.shows('notes')).toEqual({notes: 'one'});
  add('two\n');
  expect(one.shows('notes')).toEqual({notes: 'one\ntwo\n'});
  expect(add('three').audit).toEqual([{key: 'notes', text: true}]);
  expect(one.shows('notes')).toEqual({notes: 'one\ntwo\nthree'});
});

test.each([
  ['a value that its field does not take', value('title', 1, 7), 'invalid_value', 'title'],
  [
    'a text that is too long',
    {texts: [{field: 'notes', text: 'x'.repeat(100_001)}]},
    'invalid_value',
    'notes',
  ],
])('%s refuses all of it', (_, given: Given, code, field) => {
  const one = oneRecord('tasks', {title: 'A'});
  const good = {key: 'priority', at: 1_500, value: 'high', over: null};
  const outcome = meet(one, {...given, values: [good, ...(given.values ?? [])]});
  expect(errorOf(outcome)).toEqual(['rejected', code, [field]]);
  expect(one.shows('title', 'priority', 'notes')).toEqual({title: 'A', priority: null, notes: ''});
});

test.each([
  ['field', value('title', 1_500, 'B'), 'title'],
  ['delete', value('deletedAt', 1_500, 'x'), 'deletedAt'],
  ['text', {texts: [{field: 'description', text: 'B'}]}, 'description'],
])('a %s that its author may not write refuses all of it', (_, given: Given, field) => {
  const one = oneRecord('tasks', {title: 'A'});
  expect(errorOf(meet(one, given, employee))).toEqual(['rejected', 'forbidden_field', [field]]);
  expect(one.shows('title', 'description')).toEqual({title: 'A', description: ''});
  expect(deletedAtOf(one.record)).toBeNull();
});

test('an employee writes what an employee may', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const outcome = meet(
    one,
    {...value('status', 1_500, 'on_hold'), texts: [{field: 'notes', text: 'B'}]},
    employee,
  );
  expect(outcome.status).toBe('applied');
  expect(one.shows('status', 'notes')).toEqual({status: 'on_hold', notes: 'B'});
});

test('nothing is made of a record that is not there', () => {
  const one = oneRecord('tasks');
  const outcome = meet(one, value('title', 1, 'A'), ana);
  expect(errorOf(outcome)).toEqual(['rejected', 'not_found', []]);
  expect(one.record.created).toBeNull();
});

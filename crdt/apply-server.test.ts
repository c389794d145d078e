import {expect, test} from 'vitest';
import {ana, oneRecord, RECORD_ID, type OneRecord} from '#test/support/one-record.ts';
import type {ServerChange} from './change.ts';
import {SERVER_DEVICE} from './deletion.ts';

const changeOf = (fields: ServerChange['fields'], creates = false): ServerChange => ({
  kind: 'server',
  entity: 'tasks',
  id: RECORD_ID,
  fields,
  creates,
});
const numbered = (one: OneRecord, number: number) => one.apply(changeOf({number}));

test('what the server writes is shown by record and document, and logged for who caused it', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const outcome = numbered(one, 7);
  expect(outcome).toMatchObject({
    status: 'applied',
    created: false,
    changed: true,
    conflicts: [],
    audit: [{key: 'number', before: null, after: 7}],
  });
  expect(one.shows('number', 'title')).toEqual({number: 7, title: 'A'});
  expect(one.record.doc.getMap('fields').get('number')).toEqual([2_000, 7]);
  expect(one.record.writes.get('number')).toMatchObject({
    device: SERVER_DEVICE,
    user: ana.userId,
    at: 2_000,
    eff: 2_000,
    seq: 2,
  });
});

test('each write has a name of its own, and is no earlier than the one it replaces', () => {
  const one = oneRecord('tasks', {title: 'A'});
  numbered(one, 7);
  const first = one.record.writes.get('number');
  one.apply(changeOf({number: 8}));
  const second = one.record.writes.get('number');
  expect(second?.id).not.toBe(first?.id);
  expect(second?.prior?.value).toBe(7);
  expect(second?.eff).toBeGreaterThan(first?.eff ?? 0);
});

test('a clock that was set back does not make the server lose against itself', () => {
  const one = oneRecord('tasks', {title: 'A'});
  numbered(one, 7);
  const held = one.record.writes.get('number')!;
  one.record.writes.set('number', {...held, eff: 9_000_000});
  numbered(one, 8);
  expect(one.record.writes.get('number')).toMatchObject({value: 8, eff: 9_000_000});
});

test('what is so already is no change', () => {
  const one = oneRecord('tasks', {title: 'A'});
  numbered(one, 7);
  expect(numbered(one, 7)).toMatchObject({status: 'unchanged', delta: null, audit: [], changed: false});
  expect(one.apply(changeOf({number: null}))).toMatchObject({status: 'applied'});
  expect(one.shows('number')).toEqual({number: null});
  expect(one.apply(changeOf({number: null}))).toMatchObject({status: 'unchanged'});
});

test('a record that is not there is made only by a change that says so', () => {
  const one = oneRecord('tasks');
  expect(numbered(one, 7)).toMatchObject({status: 'rejected', error: {code: 'not_found'}, changed: false});
  expect(one.record.created).toBeNull();
  const outcome = one.apply(changeOf({number: 7}, true));
  expect(outcome).toMatchObject({status: 'applied', created: true});
  expect(one.record.created).toEqual({at: 2_000, by: ana.userId});
  expect(one.apply(changeOf({number: 8}, true))).toMatchObject({status: 'applied', created: false});
});

test('a value that its field does not take, and a field that is none, are faults of the server', () => {
  const one = oneRecord('tasks', {title: 'A'});
  expect(() => one.apply(changeOf({number: 'seven'}))).toThrow(/^The server writes number, which /);
  expect(() => one.apply(changeOf({size: 1}))).toThrow('The server writes size, which tasks lacks.');
});

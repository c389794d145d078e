import {describe, expect, it, test} from 'vitest';
import {ana, ben, oneRecord} from '#test/support/one-record.ts';
import type {Actor, Base} from './change.ts';
import {MEMBER_KEYS_MAX} from './protocol/limits.ts';
import {deletedAtOf} from './record.ts';

const cursor = (seq: number): Base => ({kind: 'cursor', seq});
const late: Actor = {...ana, isLate: true};

describe('a key is seen', () => {
  it('if its current write is not after the base', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({title: 'B'});
    expect(one.write({title: 'C'}, {actor: ben, base: cursor(2)}).conflicts).toEqual([]);
    expect(one.write({title: 'D'}, {base: cursor(2)}).conflicts).toEqual([
      expect.objectContaining({key: 'title'}),
    ]);
  });

  it('by its own base where fields have several', () => {
    const one = oneRecord('tasks', {title: 'A', priority: 'low'});
    one.write({title: 'B', priority: 'high'});
    const base: Base = {kind: 'by-field', seqs: {title: 2}, fallback: 1};
    const {conflicts} = one.write({title: 'C', priority: 'urgent'}, {actor: ben, base});
    expect(conflicts.map(({key}) => key)).toEqual(['priority']);
  });

  it('by the device that wrote it, whatever the base, unless the change is let in late', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({title: 'B'});
    expect(one.write({title: 'C'}, {base: cursor(0), at: 1}).conflicts).toEqual([]);
    expect(one.shows('title')).toEqual({title: 'C'});
    expect(one.write({title: 'D'}, {base: cursor(0), at: 1, actor: late}).status).toBe('unchanged');
    expect(one.shows('title')).toEqual({title: 'C'});
  });
});

describe('a conflict names what both sides had seen', () => {
  it('the value that the winner replaced, if the loser had seen that one', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({title: 'B'});
    const [conflict] = one.write({title: 'C'}, {actor: ben, base: cursor(1)}).conflicts;
    expect(conflict?.entries).toMatchObject([{base: 'A', winner: {value: 'C'}, loser: {value: 'B'}}]);
  });

  it('nothing, where the field was empty before', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({priority: 'low'});
    const [conflict] = one.write({priority: 'high'}, {actor: ben, base: cursor(1)}).conflicts;
    expect(conflict?.entries).toMatchObject([{base: null}]);
  });

  it('is left open, where the loser had not even seen that one', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({title: 'B'});
    const [conflict] = one.write({title: 'C'}, {actor: ben, base: cursor(0)}).conflicts;
    expect(conflict?.entries[0]).not.toHaveProperty('base');
  });

  it.each([[cursor(1)], [cursor(7)]])(
    'the current value itself, where a frozen field keeps it: %j',
    (base) => {
      const one = oneRecord('finance_entries', {kind: 'invoice', status: 'issued', currency: 'EUR'});
      const outcome = one.write({currency: 'USD'}, {actor: ben, base});
      expect(outcome.conflicts[0]?.entries).toMatchObject([{base: 'EUR', winner: {value: 'EUR'}}]);
      expect(one.shows('currency')).toEqual({currency: 'EUR'});
    },
  );
});

test('a write that wins is shown by the document, one that loses never enters it', () => {
  const one = oneRecord('tasks', {title: 'A'});
  expect(one.write({title: 'B'}, {actor: ben, base: cursor(0), at: 1}).delta).toBeNull();
  expect(one.record.doc.getMap('fields').get('title')).toEqual([1_000, 'A']);
  expect(one.write({title: 'C'}, {actor: ben}).delta).not.toBeNull();
  expect(one.record.doc.getMap('fields').get('title')).toEqual([3_000, 'C']);
});

test('a write is named by its device and change, and known by the item that shows it', () => {
  const one = oneRecord('tasks', {title: 'A'});
  one.write({title: 'B'}, {actor: ben, base: cursor(0), at: 1_500});
  const write = one.record.writes.get('title');
  expect(write).toMatchObject({device: 'phone', user: 'ben', at: 1_500, eff: 1_500, seq: 2});
  expect(write?.carriers).toHaveLength(1);
});

test("a record stays its maker's, whoever writes on", () => {
  const one = oneRecord('tasks', {title: 'A'});
  expect(one.write({title: 'B'}, {actor: ben})).toMatchObject({status: 'applied', created: false});
  expect(one.record).toMatchObject({created: {at: 1_000, by: 'ana'}, updatedBy: 'ben'});
});

test('clearing what was never written says nothing', () => {
  const one = oneRecord('tasks', {title: 'A'});
  expect(one.write({priority: null})).toMatchObject({status: 'unchanged', changed: false});
  expect(one.record.writes.has('priority')).toBe(false);
});

test('a frozen field that was never written is refused', () => {
  const one = oneRecord('finance_entries', {kind: 'invoice', status: 'issued', currency: 'EUR'});
  const outcome = one.write({amountMinor: 5, category: 'x'});
  expect(outcome.refused).toEqual([{field: 'amountMinor', code: 'frozen'}]);
  expect(one.shows('amountMinor', 'category')).toEqual({amountMinor: null, category: 'x'});
});

test('a set that has had all the members it may takes no new one, but edits of those it has, and of other fields', () => {
  const one = oneRecord('clients', {kind: 'person', displayName: 'A', tags: ['first']});
  const first = one.record.writes.get('tags/first')!;
  const removed = {...first, value: null};
  for (let count = 1; count < MEMBER_KEYS_MAX - 1; count++) one.record.writes.set(`tags/${count}`, removed);
  const outcome = one.write({tags: ['last', 'too many'], phone: '+4915112345678'});
  expect(outcome).toMatchObject({
    status: 'applied',
    refused: [{field: 'tags/too many', code: 'invalid_value'}],
  });
  expect(one.shows('phone')).toEqual({phone: '+4915112345678'});
  expect(one.record.writes.get('tags/first')).toMatchObject({value: null});
  expect(one.record.writes.get('tags/last')).toMatchObject({value: true});
});

describe('a list travels whole', () => {
  const member = (title: string, position: string, id: string) => ({id, title, position});

  it('and overwrites no entry that its author never touched', () => {
    const one = oneRecord('tasks', {title: 'A', checklist: [member('1', 'a1', 'x'), member('2', 'a2', 'y')]});
    one.write({checklist: [member('one', 'a1', 'x'), member('2', 'a2', 'y')]});
    const stale = [member('1', 'a1', 'x'), member('two', 'a2', 'y')];
    expect(one.write({checklist: stale}, {actor: ben, base: cursor(1)}).conflicts).toEqual([]);
    expect(one.shows('checklist')).toEqual({checklist: [member('one', 'a1', 'x'), member('two', 'a2', 'y')]});
  });

  it('and an author who has seen the change of an entry takes it back', () => {
    const one = oneRecord('tasks', {title: 'A', checklist: [member('1', 'a1', 'x')]});
    one.write({checklist: [member('one', 'a1', 'x')]});
    one.write({checklist: [member('1', 'a1', 'x')]}, {actor: ben, base: cursor(2)});
    expect(one.shows('checklist')).toEqual({checklist: [member('1', 'a1', 'x')]});
  });

  it('and its author has back what they wrote themselves', () => {
    const one = oneRecord('tasks', {title: 'A', checklist: [member('1', 'a1', 'x')]});
    one.write({checklist: [member('one', 'a1', 'x')]}, {actor: ben});
    one.write({checklist: [member('1', 'a1', 'x')]}, {actor: ben, base: cursor(1)});
    expect(one.shows('checklist')).toEqual({checklist: [member('1', 'a1', 'x')]});
  });
});

describe('a delete', () => {
  it('that has seen everything deletes without a conflict, at the time of the device', () => {
    const one = oneRecord('tasks', {title: 'A'});
    expect(one.write({}, {op: 'delete', actor: ben, at: 1_500, base: cursor(1)})).toMatchObject({
      status: 'applied',
      conflicts: [],
    });
    expect(deletedAtOf(one.record)).toBe('1970-01-01T00:00:01.500Z');
    expect(one.record.doc.getMap('fields').has('deletedAt')).toBe(true);
  });

  it('loses against a later write that it had not seen, and wins against an earlier one', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({title: 'B'});
    const lost = one.write({}, {op: 'delete', actor: ben, at: 1_500, base: cursor(1)});
    expect(lost.conflicts).toMatchObject([{key: 'deletedAt', entries: [{winner: {value: 'B'}}]}]);
    expect(deletedAtOf(one.record)).toBeNull();
    const won = one.write({}, {op: 'delete', actor: ben, base: cursor(1)});
    // What kept the record the first time is overwritten with it.
    expect(won.conflicts).toMatchObject([
      {key: 'deletedAt', entries: [{loser: {field: 'title', value: 'B'}}, {loser: {field: 'deletedAt'}}]},
    ]);
    expect(deletedAtOf(one.record)).not.toBeNull();
  });

  it('of a deleted record changes nothing, and a restore brings it back', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({}, {op: 'delete'});
    const at = deletedAtOf(one.record);
    expect(one.write({}, {op: 'delete', actor: ben}).conflicts).toEqual([]);
    expect(deletedAtOf(one.record)).not.toBeNull();
    expect(at).toBe('1970-01-01T00:00:02.000Z');
    one.write({deletedAt: null});
    expect(deletedAtOf(one.record)).toBeNull();
  });
});

describe('an edit of a deleted record', () => {
  it('that knew of the delete leaves it deleted', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({}, {op: 'delete'});
    expect(one.write({title: 'B'}, {actor: ben, base: cursor(2)}).conflicts).toEqual([]);
    expect(deletedAtOf(one.record)).not.toBeNull();
    expect(one.shows('title')).toEqual({title: 'B'});
  });

  it('that did not brings it back if it is later, and is a conflict either way', () => {
    const one = oneRecord('tasks', {title: 'A'});
    one.write({}, {op: 'delete'});
    const earlier = one.write({title: 'B'}, {actor: ben, base: cursor(1), at: 1_500});
    expect(earlier.conflicts).toMatchObject([{key: 'deletedAt', entries: [{loser: {value: 'B'}}]}]);
    expect(deletedAtOf(one.record)).not.toBeNull();
    const later = one.write({title: 'C'}, {actor: ben, base: cursor(1)});
    expect(later.conflicts).toMatchObject([{key: 'deletedAt', entries: [{winner: {value: 'C'}}]}]);
    expect(deletedAtOf(one.record)).toBeNull();
  });
});

describe('a text', () => {
  it('is edited where it differs, and counts as written when it came', () => {
    const one = oneRecord('tasks', {title: 'A', notes: 'one three'});
    const outcome = one.write({notes: 'one two three'}, {actor: ben, at: 1});
    expect(outcome.audit).toEqual([{key: 'notes', text: true}]);
    expect(one.shows('notes')).toEqual({notes: 'one two three'});
    expect(one.record.textWrites.get('notes/phone')).toMatchObject({
      kind: 'insert',
      field: 'notes',
      user: 'ben',
      at: 2_000,
      eff: 2_000,
      seq: 2,
    });
    expect(one.record.textWrites.has('notes/phone/delete')).toBe(false);
  });

  it('that only got shorter speaks against no delete', () => {
    const one = oneRecord('tasks', {title: 'A', notes: 'one two'});
    one.write({notes: 'one'}, {actor: ben});
    expect(one.shows('notes')).toEqual({notes: 'one'});
    expect(one.record.textWrites.has('notes/phone')).toBe(false);
    expect(one.record.textWrites.get('notes/phone/delete')).toMatchObject({kind: 'delete', seq: 2});
    expect(one.write({}, {op: 'delete', base: cursor(1)}).conflicts).toEqual([]);
  });
});

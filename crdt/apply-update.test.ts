import {describe, expect, it, test} from 'vitest';
import * as Y from 'yjs';
import {ana, ben, oneRecord, RECORD_ID, type Done, type OneRecord} from '#test/support/one-record.ts';
import type {Actor, UpdateChange} from './change.ts';
import {parseUpdate} from './update-reader.ts';

const EVE = '0b8e9c5e-0000-4000-8000-0000000000ee';
const OTHER = '0b8e9c5e-0000-4000-8000-0000000000aa';
const eve: Actor = {userId: 'eve', deviceId: 'pad', role: 'employee', employeeId: EVE, sees: () => true};

function deviceOf(client: number, one?: OneRecord): Y.Doc {
  const doc = new Y.Doc({gc: false});
  doc.clientID = client;
  if (one !== undefined) Y.applyUpdate(doc, Y.encodeStateAsUpdate(one.record.doc));
  return doc;
}

function changeOf(doc: Y.Doc, one: OneRecord): UpdateChange {
  const parsed = parseUpdate(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(one.record.doc)));
  if (!parsed.ok) throw new Error(parsed.message);
  const ownClients = new Set([doc.clientID]);
  return {kind: 'update', entity: 'tasks', id: RECORD_ID, generation: 0, update: parsed.update, ownClients};
}

const send = (doc: Y.Doc, one: OneRecord, actor: Actor = ana): Done => one.apply(changeOf(doc, one), {actor});
const set = (doc: Y.Doc, key: string, value: unknown, root = 'fields') =>
  doc.getMap(root).set(key, [500, value]);
const codeOf = ({status, error}: Done) => [status, error?.code];

describe('a record begins', () => {
  it('with its required fields: until then nothing of it is kept', () => {
    const one = oneRecord('tasks');
    const doc = deviceOf(7);
    set(doc, 'priority', 'high');
    const outcome = send(doc, one);
    expect(outcome).toMatchObject({
      status: 'rejected',
      error: {code: 'required_field', fields: {title: 'is required'}},
      delta: null,
    });
    expect(outcome.error?.message).toContain('title');
    expect(one.record.doc.store.clients.size).toBe(0);
    set(doc, 'title', 'A');
    expect(send(doc, one)).toMatchObject({status: 'applied', created: true});
    expect(one.shows('title', 'priority')).toEqual({title: 'A', priority: 'high'});
  });

  it('not with a required field that is cleared, refused, or only a member of that name', () => {
    for (const [root, value] of [
      ['fields', null],
      ['fields', 7],
      ['items:checklist', {title: 'A', position: 'a0'}],
    ] as const) {
      const one = oneRecord('tasks');
      const doc = deviceOf(7);
      set(doc, 'title', value, root);
      expect(codeOf(send(doc, one))).toEqual(['rejected', 'required_field']);
    }
  });

  it('by an employee only where the role allows it', () => {
    const own = oneRecord('tasks');
    const doc = deviceOf(7);
    set(doc, 'title', 'A');
    expect(codeOf(send(doc, own, eve))).toEqual(['rejected', 'forbidden']);
    set(doc, 'employeeId', EVE);
    expect(send(doc, own, eve)).toMatchObject({status: 'applied', created: true});
  });

  it('by the values that are shown, not by those that the update itself overwrites', () => {
    for (const [first, second, answer] of [
      [OTHER, EVE, ['applied', undefined]],
      [EVE, OTHER, ['rejected', 'forbidden']],
      [EVE, 'nobody', ['rejected', 'forbidden']],
    ] as const) {
      const one = oneRecord('tasks');
      const doc = deviceOf(7);
      set(doc, 'title', 'A');
      set(doc, 'employeeId', first);
      set(doc, 'employeeId', second);
      expect(codeOf(send(doc, one, eve))).toEqual(answer);
      expect(one.record.created === null).toBe(answer[0] === 'rejected');
    }
  });

  it.each<[string, (doc: Y.Doc) => void, string | null]>([
    ['then writes an invalid value over it', (doc) => set(doc, 'title', 7), null],
    ['then clears it', (doc) => set(doc, 'title', null), null],
    ['then deletes it', (doc) => doc.getMap('fields').delete('title'), null],
    [
      'then an invalid value, then another',
      (doc) => [7, 'B'].forEach((value) => set(doc, 'title', value)),
      'B',
    ],
    [
      'then deletes it and writes another',
      (doc) => {
        doc.getMap('fields').delete('title');
        set(doc, 'title', 'B');
      },
      'B',
    ],
  ])('with what its last write says, of a device that writes a required field and %s', (_, edit, shown) => {
    for (const gc of [false, true]) {
      const one = oneRecord('tasks');
      const doc = new Y.Doc({gc});
      set(doc, 'priority', 'high');
      set(doc, 'title', 'A');
      edit(doc);
      const outcome = send(doc, one);
      expect(codeOf(outcome)).toEqual(
        shown === null ? ['rejected', 'required_field'] : ['applied', undefined],
      );
      expect(one.record.created === null).toBe(shown === null);
      expect(one.record.doc.store.clients.size === 0).toBe(shown === null);
      expect(one.shows('title', 'priority')).toEqual({
        title: shown,
        priority: shown === null ? null : 'high',
      });
    }
  });

  it.each<[string, [number, unknown][], string | null]>([
    [
      'a valid one and then an invalid one',
      [
        [10, 'A'],
        [20, 7],
      ],
      null,
    ],
    [
      'an invalid one and then a valid one',
      [
        [10, 7],
        [20, 'A'],
      ],
      'A',
    ],
    [
      'two invalid ones and then a valid one',
      [
        [10, 7],
        [20, 7],
        [30, 'A'],
      ],
      'A',
    ],
  ])('with what the highest client of its device wrote, as Yjs shows that: %s', (_, values, shown) => {
    const one = oneRecord('tasks');
    // Windows of one device of which none had the others' writes: in no order but that of Yjs.
    const windows = values.map(([client, value]) => {
      const doc = deviceOf(client);
      set(doc, 'title', value);
      return Y.encodeStateAsUpdate(doc);
    });
    const parsed = parseUpdate(Y.mergeUpdates(windows));
    if (!parsed.ok) throw new Error(parsed.message);
    const change = {kind: 'update', entity: 'tasks', id: RECORD_ID, generation: 0} as const;
    const ownClients = new Set(values.map(([client]) => client));
    const outcome = one.apply({...change, update: parsed.update, ownClients});
    expect(codeOf(outcome)).toEqual(shown === null ? ['rejected', 'required_field'] : ['applied', undefined]);
    expect(one.shows('title')).toEqual({title: shown});
    expect(one.record.created === null).toBe(shown === null);
  });

  it('with entries of its lists, which name no field that the role is asked about', () => {
    const one = oneRecord('tasks');
    const doc = deviceOf(7);
    set(doc, 'title', 'A');
    set(doc, 'employeeId', EVE);
    set(doc, 'employeeId', {title: 'Ring', position: 'a0'}, 'items:checklist');
    expect(send(doc, one, eve)).toMatchObject({status: 'applied', refused: []});
  });
});

test('an update that is known in full changes nothing', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const doc = deviceOf(7, one);
  set(doc, 'title', 'B');
  const change = changeOf(doc, one);
  expect(one.apply(change).status).toBe('applied');
  const again = one.apply(change);
  expect(again).toMatchObject({status: 'unchanged', delta: null, changed: false, audit: [], conflicts: []});
});

test('another generation of the document is told to start over', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const doc = deviceOf(7, one);
  set(doc, 'title', 'B');
  expect(() => one.apply({...changeOf(doc, one), generation: 1})).toThrow('reset');
});

describe('a text that its author may not write', () => {
  const texts = {title: 'A', description: 'The order.', notes: 'Found.'};

  it.each([
    ['what is deleted from it', (text: Y.Text) => text.delete(0, 4)],
    ['what is added to it', (text: Y.Text) => text.insert(4, 'big ')],
    [
      'both',
      (text: Y.Text) => {
        text.delete(4, 5);
        text.insert(4, 'bill');
      },
    ],
    [
      'two additions',
      (text: Y.Text) => {
        text.insert(10, ' Now.');
        text.insert(0, 'Here: ');
      },
    ],
  ])('stays as it was, whatever is done: %s', (_, edit) => {
    const one = oneRecord('tasks', texts);
    const doc = deviceOf(7, one);
    doc.transact(() => {
      edit(doc.getText('text:description'));
      doc.getText('text:notes').insert(6, ' Mended.');
      doc.getText('text:notes').delete(0, 1);
    });
    const outcome = send(doc, one, eve);
    expect(outcome.refused).toEqual([{field: 'description', code: 'forbidden_field'}]);
    expect(one.shows('description', 'notes')).toEqual({description: 'The order.', notes: 'ound. Mended.'});
    Y.applyUpdate(doc, outcome.delta!);
    expect(doc.getText('text:description').toJSON()).toBe('The order.');
    expect(doc.getText('text:notes').toJSON()).toBe('ound. Mended.');
  });
});

test('the server keeps its own client id when it restates a winner that Yjs would not show', () => {
  const one = oneRecord('tasks', {title: 'A'});
  const id = one.record.doc.clientID;
  const [low, high] = [deviceOf(10, one), deviceOf(900, one)];
  low.getMap('fields').set('title', [900, 'later']);
  high.getMap('fields').set('title', [500, 'earlier']);
  one.apply(changeOf(low, one), {actor: ben});
  send(high, one, {...ana, deviceId: 'tablet'});
  expect(one.shows('title')).toEqual({title: 'later'});
  expect(one.record.doc.getMap('fields').get('title')).toEqual([900, 'later']);
  expect(one.record.doc.clientID).toBe(id);
});

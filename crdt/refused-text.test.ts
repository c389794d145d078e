// What a member may not write to a text leaves it as it was, wherever it stands.
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {applyChange} from './apply-change.ts';
import type {Actor} from './change.ts';
import type {EntityName} from './entities/entity.ts';
import {entities} from './entities/registry.ts';
import {fieldsOf, emptyRecord, type RecordState} from './record.ts';
import {parseUpdate} from './update-reader.ts';
import {PENDING_SEQ} from './write.ts';

const manager: Actor = {userId: 'm', deviceId: 'manager', role: 'manager', employeeId: null};
const employee: Actor = {userId: 'e', deviceId: 'employee', role: 'employee', employeeId: null};

function send(record: RecordState, actor: Actor, doc: Y.Doc) {
  const parsed = parseUpdate(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(record.doc)));
  if (!parsed.ok) throw new Error(parsed.message);
  const ownClients = new Set([doc.clientID]);
  const {generation} = record;
  return applyChange(
    record,
    {kind: 'update', entity: record.entity.name, id: 'x', generation, update: parsed.update, ownClients},
    {actor, now: 1_000, offset: 0, seq: PENDING_SEQ + 1, readCursor: () => null},
  );
}

function newRecord(entity: EntityName = 'employees'): {record: RecordState; copy: Y.Doc} {
  const record = emptyRecord(entities[entity], 'x', 2 ** 32 + 1);
  const author = new Y.Doc();
  author.getMap('fields').set('displayName', [1, 'Ann']);
  if (entity === 'clients') author.getMap('fields').set('kind', [1, 'person']);
  author.getText('text:notes').insert(0, 'a😀b');
  send(record, manager, author);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(record.doc));
  return {record, copy};
}

const edits: [string, (text: Y.Text) => void][] = [
  ['an insertion inside a surrogate pair', (text) => text.insert(2, 'x')],
  ['an insertion beside one', (text) => text.insert(3, 'x')],
  ['a deletion of half a pair', (text) => text.delete(2, 1)],
  [
    'both at once',
    (text) => {
      text.delete(1, 1);
      text.insert(1, 'x');
    },
  ],
];

test.each(edits)('%s by a member who may not write the text changes nothing', (_, edit) => {
  const {record, copy} = newRecord();
  edit(copy.getText('text:notes'));
  const outcome = send(record, employee, copy);
  expect(outcome).toMatchObject({kind: 'done', status: 'rejected', error: {code: 'forbidden_field'}});
  expect(fieldsOf(record)['notes']).toBe('a😀b');
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(record.doc, Y.encodeStateVector(copy)));
  expect(copy.getText('text:notes').toJSON()).toBe('a😀b');
});

/** What the member's device and everybody else read after the edit, and what the member is told. */
function readAfter(edit: (text: Y.Text) => void): unknown {
  const {record, copy} = newRecord('clients');
  const text = copy.getText('text:notes');
  text.insert(4, ' mine');
  expect(send(record, employee, copy)).toMatchObject({status: 'applied', refused: []});
  copy.transact(() => edit(text));
  const outcome = send(record, employee, copy);
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(record.doc, Y.encodeStateVector(copy)));
  expect(text.toJSON()).toBe(fieldsOf(record)['notes']);
  return [text.toJSON(), outcome.kind === 'done' ? [outcome.status, ...outcome.refused] : outcome.kind];
}

const forbidden = {field: 'notes', code: 'forbidden_field'};

test.each<[string, (text: Y.Text) => void, string]>([
  [
    'what is added at the end stays, though the text of others was deleted in the same update',
    (text) => {
      text.insert(9, ' more');
      text.delete(0, 1);
    },
    'a😀b mine more',
  ],
  [
    'what its author deleted again stays deleted, though something was inserted into the text of others',
    (text) => {
      text.delete(4, 5);
      text.insert(1, 'x');
    },
    'a😀b',
  ],
  [
    'both',
    (text) => {
      text.delete(6, 3);
      text.insert(6, ' more');
      text.delete(1, 2);
    },
    'a😀b m more',
  ],
])('of a text that a member may only add to: %s', (_, edit, shown) => {
  expect(readAfter(edit)).toEqual([shown, ['applied', forbidden]]);
});

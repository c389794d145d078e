// What a member may not write to a text leaves it as it was, wherever it stands.
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {applyChange} from './apply-change.ts';
import type {Actor} from './change.ts';
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
    {kind: 'update', entity: 'employees', id: 'x', generation, update: parsed.update, ownClients},
    {actor, now: 1_000, offset: 0, seq: PENDING_SEQ + 1, readCursor: () => null},
  );
}

function newRecord(): {record: RecordState; copy: Y.Doc} {
  const record = emptyRecord(entities.employees, 'x', 2 ** 32 + 1);
  const author = new Y.Doc();
  author.getMap('fields').set('displayName', [1, 'Ann']);
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

// A stock client's `Y.Map.delete`, in the cases where its bytes alone do not tell it from an overwrite.
import {expect, it} from 'vitest';
import * as Y from 'yjs';
import {applyChange} from './apply-change.ts';
import {teams} from './entities/teams.ts';
import {flattenDocument} from './flatten.ts';
import {SERVER_CLIENT_ID_MIN} from './protocol/limits.ts';
import {emptyRecord, fieldsOf, settleSeqs, type RecordState} from './record.ts';
import {parseUpdate} from './update-reader.ts';
import {PENDING_SEQ} from './write.ts';

let now = 1_000_000;

function send(record: RecordState, doc: Y.Doc, bytes: Uint8Array): void {
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) throw new Error(parsed.message);
  now += 1_000;
  const outcome = applyChange(
    record,
    {
      kind: 'update',
      entity: 'teams',
      id: record.id,
      generation: 0,
      update: parsed.update,
      ownClients: new Set([doc.clientID]),
    },
    {
      actor: {userId: 'user', deviceId: `device-${doc.clientID}`, role: 'manager', employeeId: null},
      now,
      offset: 0,
      seq: PENDING_SEQ,
      readCursor: () => null,
    },
  );
  if (outcome.kind !== 'done' || outcome.status === 'rejected') throw new Error(JSON.stringify(outcome));
  settleSeqs(record, now);
}

/** A team, and two devices that know it. A higher client id stands to the right of concurrent writes. */
function openTeam(ids: {first: number; second: number}): {record: RecordState; first: Y.Doc; second: Y.Doc} {
  const record = emptyRecord(teams, '7d9b1c1e-0000-4000-8000-000000000002', SERVER_CLIENT_ID_MIN + 5);
  const stock = (clientId: number): Y.Doc => {
    const doc = new Y.Doc({gc: false});
    doc.clientID = clientId;
    return doc;
  };
  const [first, second] = [stock(ids.first), stock(ids.second)];
  first.getMap('fields').set('name', [now, 'North']);
  send(record, first, Y.encodeStateAsUpdate(first));
  Y.applyUpdate(second, Y.encodeStateAsUpdate(record.doc));
  return {record, first, second};
}

const pull = (record: RecordState, doc: Y.Doc): void => Y.applyUpdate(doc, Y.encodeStateAsUpdate(record.doc));

/** Bytes of what a document has and the record does not, with all it deleted. */
const outboxOf = (record: RecordState, doc: Y.Doc): Uint8Array =>
  Y.encodeStateAsUpdate(doc, Y.encodeStateVector(record.doc));

const described = (doc: Y.Doc): unknown => flattenDocument(teams, doc).fields['description'];

function expectSame(record: RecordState, ...docs: readonly Y.Doc[]): void {
  for (const doc of docs) {
    pull(record, doc);
    expect(described(doc)).toEqual(fieldsOf(record)['description']);
  }
  expect(described(record.doc)).toEqual(fieldsOf(record)['description']);
}

it('a delete of a value that the unsent write of the device had lost to empties the field', () => {
  const {record, first, second} = openTeam({first: 20, second: 10});
  second.getMap('fields').set('description', [now, 'unsent']);
  first.getMap('fields').set('description', [now, 'seen']);
  send(record, first, outboxOf(record, first));
  pull(record, second);
  expect(described(second)).toBe('seen');
  second.getMap('fields').delete('description');
  send(record, second, outboxOf(record, second));
  expect(fieldsOf(record)['description']).toBeNull();
  expectSame(record, first, second);
});

it('a value that the unsent write of the device stands over is overwritten, not deleted', () => {
  const {record, first, second} = openTeam({first: 10, second: 20});
  second.getMap('fields').set('description', [now + 5_000, 'unsent']);
  first.getMap('fields').set('description', [now, 'seen']);
  send(record, first, outboxOf(record, first));
  pull(record, second);
  expect(described(second)).toBe('unsent');
  send(record, second, outboxOf(record, second));
  expect(fieldsOf(record)['description']).toBe('unsent');
  expectSame(record, first, second);
});

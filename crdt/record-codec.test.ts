import {expect, it} from 'vitest';
import {teams} from './entities/teams.ts';
import {SERVER_CLIENT_ID_MIN} from './protocol/limits.ts';
import {decodeRecord, encodeRecord} from './record-codec.ts';
import {emptyRecord} from './record.ts';

it('a loaded record is written under the server’s client id, also if that wrote to it before', () => {
  const clientId = SERVER_CLIENT_ID_MIN + 5;
  const record = emptyRecord(teams, '7d9b1c1e-0000-4000-8000-000000000003', clientId);
  record.doc.getMap('fields').set('name', [1_000, 'North']);
  const bytes = encodeRecord(record, 1);
  const settings = {entity: teams, id: record.id, seq: 1, generation: 0, clientId};
  expect(decodeRecord(bytes, settings).doc.clientID).toBe(clientId);
});

import {randomBytes, randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {entities} from '#crdt/entities/registry.ts';
import {tenantId} from '#crdt/protocol/ids.ts';
import {readRecordList, recordListParameters} from '#crdt/protocol/record-list.ts';
import {createKeyring} from '#db/cipher.ts';
import {fingerprintOf, hideValues} from './fingerprints.ts';
import {listName} from './record-cursor.ts';

const tenant = tenantId.parse(randomUUID());
const keyring = createKeyring({current: randomBytes(32)});
const cipher = keyring.openTenantKey(tenant, keyring.makeTenantKey(tenant));
const {clients, employees} = entities;
const email = (value: string | null, entity = clients) =>
  fingerprintOf(cipher, {entity, field: 'email', value});

test('of an address, letter case does not count; everything else does', () => {
  expect(email('Ana@example.com')).toEqual(email('ana@example.com'));
  for (const other of ['ana@example.org', 'an@example.com', 'ana+x@example.com'])
    expect(email(other)).not.toEqual(email('ana@example.com'));
});

test('one value has another fingerprint in each column', () => {
  const number = '+4915112345678';
  const all = [
    fingerprintOf(cipher, {entity: clients, field: 'phone', value: number}),
    fingerprintOf(cipher, {entity: clients, field: 'whatsapp', value: number}),
    fingerprintOf(cipher, {entity: employees, field: 'phone', value: number}),
  ];
  expect(new Set(all.map((hash) => Buffer.from(hash!).toString('hex'))).size).toBe(3);
});

test('no value has none, and a field that is not findable has no column for one', () => {
  expect(email(null)).toBeNull();
  expect(email('')).toBeNull();
  for (const field of ['displayName', 'taxId', 'kind', 'notes', 'constructor'])
    expect(fingerprintOf(cipher, {entity: clients, field, value: 'x'})).toBeUndefined();
});

test('a query is hidden without its values, and named differently than by them', () => {
  const parsed = recordListParameters(clients).parse({
    email: 'Ana@example.com',
    phone: '+4915112345678',
    kind: 'person',
  });
  const said = readRecordList(clients, parsed);
  const hidden = hideValues(cipher, clients, said);
  expect(hidden.filters.get('email')).toBe(Buffer.from(email('ana@example.com')!).toString('hex'));
  expect(hidden.filters.get('phone')).toMatch(/^[0-9a-f]{32}$/);
  expect(hidden.filters.get('kind')).toEqual(said.filters.get('kind'));
  expect({...hidden, filters: null}).toEqual({...said, filters: null});
  // The name goes into cursors: a plain hash of so few possible numbers would give the number away.
  expect(listName('clients', hidden)).not.toBe(listName('clients', said));
});

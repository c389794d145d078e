// More of client ids used twice than guard.test.ts has: runs of which the server knows a part.
import {expect, it} from 'vitest';
import * as Y from 'yjs';
import {chars, craftSection, deleted, item, register, values} from '#test/support/update-writer.ts';
import {clients} from './entities/clients.ts';
import {guard} from './guard.ts';
import {SERVER_CLIENT_ID_MIN} from './protocol/limits.ts';
import {newDocument} from './roots.ts';
import {parseUpdate} from './update-reader.ts';

const OWN = 100;

/** Clock 0 and 1: two values of a field. From 2 on: text. */
const written = craftSection(
  OWN,
  0,
  item({root: 'fields', key: 'kind'}, values([1, 'person'], [2, 'company'])),
  item({root: 'text:notes'}, chars('abc')),
);

function verdict(bytes: Uint8Array): string {
  const doc = newDocument(clients, SERVER_CLIENT_ID_MIN + 1);
  Y.applyUpdate(doc, written);
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) throw new Error(parsed.message);
  const result = guard({entity: clients, doc}, parsed.update, new Set([OWN]));
  return result.kind === 'refused' ? result.code : result.kind;
}

it.each([
  ['a first value', craftSection(OWN, 1, item({origin: {client: OWN, clock: 0}}, deleted(5)))],
  ['a later one', craftSection(OWN, 0, item({root: 'fields', key: 'kind'}, deleted(6)))],
])('a run whose known part passes from one place into another is refused: from %s', (_name, bytes) => {
  expect(verdict(bytes)).toBe('client_taken');
});

it('a run that goes on where it stood is taken', () => {
  expect(verdict(craftSection(OWN, 3, item({origin: {client: OWN, clock: 2}}, deleted(5))))).toBe('admitted');
  expect(verdict(craftSection(OWN, 2, item({root: 'text:notes'}, chars('abcd'))))).toBe('admitted');
});

it('a run that was written as such and is known in pieces is the same run', () => {
  expect(verdict(craftSection(OWN, 0, register('kind', 'person', 1)))).toBe('admitted');
  expect(verdict(written)).toBe('admitted');
});

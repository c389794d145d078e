// More of client ids used twice than guard.test.ts has: runs of which the server knows a part.
import {expect, it} from 'vitest';
import {guarded} from '#test/support/guarded.ts';
import {chars, craftSection, deleted, item, register, values} from '#test/support/update-writer.ts';
import {clients} from './entities/clients.ts';

const OWN = 100;

/** Clock 0 and 1: two values of a field. From 2 on: text. */
const written = craftSection(
  OWN,
  0,
  item({root: 'fields', key: 'kind'}, values([1, 'person'], [2, 'company'])),
  item({root: 'text:notes'}, chars('abc')),
);

const verdict = (bytes: Uint8Array, ...held: readonly Uint8Array[]): string =>
  guarded(clients, new Set([OWN]), ...(held.length === 0 ? [written] : held)).verdict(bytes);

it.each([
  ['a first value', craftSection(OWN, 1, item({origin: {client: OWN, clock: 0}}, deleted(5)))],
  ['a later one', craftSection(OWN, 0, item({root: 'fields', key: 'kind'}, deleted(6)))],
])('a run whose known part passes from one place into another is refused: from %s', (_name, bytes) => {
  expect(verdict(bytes)).toBe('client_taken');
});

it.each([
  [
    'another root',
    item({root: 'set:tags', key: 'kind'}, values([1, 'person'], [2, 'company'], [3, 'person'])),
  ],
  [
    'another field',
    item({root: 'fields', key: 'status'}, values([1, 'person'], [2, 'company'], [3, 'person'])),
  ],
])('a run whose known part is said to stand in %s is refused', (_name, struct) => {
  expect(verdict(craftSection(OWN, 0, struct))).toBe('client_taken');
});

it('text whose known part is said to have another right neighbour is refused', () => {
  const early = item({rightOrigin: {client: OWN, clock: 2}}, chars('z'));
  const late = item({rightOrigin: {client: OWN, clock: 3}}, chars('zy'));
  expect(verdict(craftSection(OWN, 5, late), written, craftSection(OWN, 5, early))).toBe('client_taken');
});

it('a known value of a field is no member of that name in a list', () => {
  const member = item({root: 'set:tags', key: 'kind'}, values([1, 'person'], [2, 'company']));
  expect(verdict(craftSection(OWN, 0, member))).toBe('client_taken');
});

it('a run that goes on where it stood is taken', () => {
  expect(verdict(craftSection(OWN, 3, item({origin: {client: OWN, clock: 2}}, deleted(5))))).toBe('admitted');
  expect(verdict(craftSection(OWN, 2, item({root: 'text:notes'}, chars('abcd'))))).toBe('admitted');
});

it('a text that was sent in smaller pieces than it is known in is the same text', () => {
  expect(verdict(craftSection(OWN, 2, item({root: 'text:notes'}, chars('ab'))))).toBe('admitted');
  expect(verdict(craftSection(OWN, 2, item({root: 'text:notes'}, chars('ac'))))).toBe('client_taken');
  expect(verdict(craftSection(OWN, 3, item({origin: {client: OWN, clock: 2}}, chars('b'))))).toBe('admitted');
});

it('a replacement character stands for half of a pair that was torn apart, on either side', () => {
  const textOf = (text: string) => craftSection(OWN, 0, item({root: 'text:notes'}, chars(text)));
  const [pair, torn] = [textOf('a😀b'), textOf('a\ufffd\ufffdb')] as const;
  expect(verdict(torn, pair)).toBe('admitted');
  expect(verdict(pair, torn)).toBe('admitted');
});

it('a run that was written as such and is known in pieces is the same run', () => {
  expect(verdict(craftSection(OWN, 0, register('kind', 'person', 1)))).toBe('admitted');
  expect(verdict(written)).toBe('admitted');
});

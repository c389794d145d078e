import {expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createCursors, type CursorOwner} from './cursor.ts';

const owner: CursorOwner = {
  tenantId: '11111111-1111-4111-8111-111111111111' as TenantId,
  membershipId: '22222222-2222-4222-8222-222222222222',
  roleVersion: 1,
};
const elsewhere = '33333333-3333-4333-8333-333333333333' as TenantId;
/** As one server writes cursors and another one reads them. */
const write = (by: CursorOwner, seq: number, epoch = 'an epoch'): string =>
  createCursors(epoch).write(by, seq);
const read = (text: string): number => createCursors('an epoch').read(owner, text);
const peek = (tenantId: TenantId, text: string): number | null =>
  createCursors('an epoch').peek(tenantId, text);

test.each([0, 1, 35, 36, 1e6, 2 ** 40, Number.MAX_SAFE_INTEGER])(
  'a cursor gives its owner the position back: %d',
  (seq) => {
    expect(read(write(owner, seq))).toBe(seq);
  },
);

test.each([
  ['of another tenant', {...owner, tenantId: elsewhere}],
  ['of another membership', {...owner, membershipId: elsewhere}],
  ['of another role', {...owner, roleVersion: 2}],
])('a cursor %s asks for a resync', (_, other) => {
  expect(() => read(write(other, 7))).toThrow(expect.objectContaining({code: 'resync'}));
});

test('a cursor of another history asks for a resync', () => {
  const text = write(owner, 7, 'another epoch');
  expect(() => read(text)).toThrow(expect.objectContaining({code: 'resync'}));
});

const notCursors: readonly ((written: string) => string)[] = [
  () => '',
  () => 'c1',
  (written) => written.slice(1),
  (written) => ` ${written}`,
  (written) => `${written} `,
  (written) => `${written}\n`,
  (written) => written.toUpperCase(),
  (written) => written.replace('c1', 'c2'),
  (written) => written.replace(/[^.]+$/, ''),
  (written) => written.replaceAll('.', '/'),
  (written) => `${written}.0`,
  // Past 2^53.
  (written) => written.replace(/[^.]+$/, '2gosa7pa2gw'),
];

test.each(notCursors)('what this server never writes is no cursor: %s', (spoil) => {
  const text = spoil(write(owner, 7));
  expect(() => read(text)).toThrow(expect.objectContaining({code: 'bad_cursor'}));
  expect(peek(owner.tenantId, text)).toBeNull();
});

test('the position of any member of the tenant may be peeked at, and of nobody else', () => {
  expect(peek(owner.tenantId, write({...owner, roleVersion: 9}, 7))).toBe(7);
  expect(peek(elsewhere, write(owner, 7))).toBeNull();
  expect(peek(owner.tenantId, write(owner, 7, 'another epoch'))).toBeNull();
});

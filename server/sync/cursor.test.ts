import {expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createCursors, type CursorOwner} from './cursor.ts';

const owner: CursorOwner = {
  tenantId: '11111111-1111-4111-8111-111111111111' as TenantId,
  membershipId: '22222222-2222-4222-8222-222222222222',
  roleVersion: 1,
};
const elsewhere = '33333333-3333-4333-8333-333333333333' as TenantId;
const cursors = createCursors('an epoch');
const restored = createCursors('another epoch');

test.each([0, 1, 35, 36, 1e6, 2 ** 40, Number.MAX_SAFE_INTEGER])(
  'a cursor gives its owner the position back: %d',
  (seq) => {
    expect(cursors.read(owner, cursors.write(owner, seq))).toBe(seq);
  },
);

test.each([
  ['of another tenant', {...owner, tenantId: elsewhere}],
  ['of another membership', {...owner, membershipId: elsewhere}],
  ['of another role', {...owner, roleVersion: 2}],
])('a cursor %s asks for a resync', (_, other) => {
  const text = cursors.write(other, 7);
  expect(() => cursors.read(owner, text)).toThrow(expect.objectContaining({code: 'resync'}));
});

test('a cursor of another history asks for a resync', () => {
  const text = restored.write(owner, 7);
  expect(() => cursors.read(owner, text)).toThrow(expect.objectContaining({code: 'resync'}));
});

const written = cursors.write(owner, 7);
const notCursors = [
  '',
  'c1',
  written.slice(1),
  ` ${written}`,
  `${written} `,
  `${written}\n`,
  written.toUpperCase(),
  written.replace('c1', 'c2'),
  written.slice(0, written.lastIndexOf('.') + 1),
  written.replaceAll('.', '/'),
  `${written}.0`,
  // Past 2^53.
  `${written.slice(0, written.lastIndexOf('.'))}.2gosa7pa2gw`,
];

test.each(notCursors)('what this server never writes is no cursor: %j', (text) => {
  expect(() => cursors.read(owner, text)).toThrow(expect.objectContaining({code: 'bad_cursor'}));
  expect(cursors.peek(owner.tenantId, text)).toBeNull();
});

test('the position of any member of the tenant may be peeked at, and of nobody else', () => {
  expect(cursors.peek(owner.tenantId, cursors.write({...owner, roleVersion: 9}, 7))).toBe(7);
  expect(cursors.peek(elsewhere, written)).toBeNull();
  expect(restored.peek(owner.tenantId, written)).toBeNull();
});

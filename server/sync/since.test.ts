import {expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createCursors} from './cursor.ts';
import type {Member} from './members.ts';
import {readSince} from './since.ts';

const member: Member = {
  tenantId: '11111111-1111-4111-8111-111111111111' as TenantId,
  membershipId: '22222222-2222-4222-8222-222222222222',
  roleVersion: 1,
  userId: '33333333-3333-4333-8333-333333333333' as Member['userId'],
  deviceId: '44444444-4444-4444-8444-444444444444' as Member['deviceId'],
  role: 'manager',
  employeeId: null,
  accessVersion: 1,
};
const cursors = createCursors('an epoch');
/** Answers the moment itself, in seconds. */
const feed = {
  positionBefore: (tenantId: TenantId, moment: Date) => {
    expect(tenantId).toBe(member.tenantId);
    return Promise.resolve(moment.getTime() / 1_000);
  },
};
const read = (since: string | undefined): Promise<number> => readSince({cursors, feed}, member, since);

test.each([undefined, ''])('without a word on it a list begins at the beginning: %j', async (since) => {
  expect(await read(since)).toBe(0);
});

test.each(['2026-03-01T08:00:00Z', '2026-03-01T09:00:00+01:00', '2026-03-01T09:00:00 01:00'])(
  'an instant is looked up, with a plus that arrives as a space: %s',
  async (since) => {
    expect(await read(since)).toBe(Date.UTC(2026, 2, 1, 8) / 1_000);
  },
);

test('a cursor stands for its position', async () => {
  expect(await read(cursors.write(member, 7))).toBe(7);
});

test.each(['yesterday', 'x1', 'c', 'c2.000000000000.000000000000.0'])(
  'what is neither is a bad cursor: %s',
  async (since) => {
    await expect(read(since)).rejects.toThrow(expect.objectContaining({code: 'bad_cursor'}));
  },
);

test('a cursor of somebody else asks for a resync', async () => {
  const foreign = cursors.write({...member, roleVersion: 2}, 7);
  await expect(read(foreign)).rejects.toThrow(expect.objectContaining({code: 'resync'}));
});

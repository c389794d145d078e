// What a lane knows of roles and scope without asking: only what it learned at the versions it holds.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {WriterAccess} from '#db/access.ts';
import {
  createLaneAccess,
  followOwnEvents,
  forgetAccess,
  isGranted,
  knownAccess,
  trimAccess,
  writerName,
  type LaneAccess,
} from './lane-access.ts';
import type {Submission} from './submission.ts';

const [manager, ana, bo] = (['manager', 'employee', 'employee'] as const).map((role): WriterAccess => ({
  userId: randomUUID(),
  deviceId: randomUUID(),
  role,
  employeeId: null,
})) as [WriterAccess, WriterAccess, WriterAccess];
const [task, other] = [randomUUID(), randomUUID()] as const;

/** A lane that knows everybody, and of each employee's scope these records. */
function laneOf(scopes: readonly (readonly [WriterAccess, readonly string[]])[] = []): LaneAccess {
  const access = createLaneAccess();
  access.accessVersion = 3;
  access.scopeVersion = 5;
  for (const member of [manager, ana, bo]) access.members.set(writerName(member), member);
  for (const [{userId}, ids] of scopes)
    access.granted.set(userId, {ids: new Map(ids.map((id) => [id, ['tasks']])), isWhole: false, asked: 1});
  return access;
}

function edit(by: WriterAccess, id: string, more: Partial<Submission> = {}): Submission {
  const {userId, deviceId} = by;
  const [changeId, base] = [randomUUID(), {kind: 'current' as const}];
  return {
    tenantId: 'tenant' as TenantId,
    userId,
    deviceId,
    change: {kind: 'json', op: 'upsert', entity: 'tasks', id, changeId, at: 0, base, payload: {}},
    now: 0,
    offset: 0,
    changeId: null,
    ...more,
  };
}

const sees = (
  access: LaneAccess,
  {userId}: WriterAccess,
  id: string,
  entity: 'tasks' | 'clients' = 'tasks',
) => isGranted(access, userId, {entity, id});

test('a fresh lane knows nobody', () => {
  expect(knownAccess(createLaneAccess(), [edit(manager, task)])).toBeNull();
});

test('a manager needs no scope', () => {
  const access = laneOf();
  expect(knownAccess(access, [edit(manager, task)])).toMatchObject({version: 3, scopeVersion: null});
});

test('a member may be known on one device and not on another', () => {
  expect(knownAccess(laneOf(), [edit({...manager, deviceId: randomUUID()}, task)])).toBeNull();
});

test('who is known to be no member has no scope', () => {
  const access = laneOf();
  access.members.set(writerName(manager), null);
  expect(knownAccess(access, [edit(manager, task)])).toMatchObject({scopeVersion: null});
});

test('an employee is known only where every id of the change was asked for', () => {
  const access = laneOf([[ana, [task]]]);
  expect(knownAccess(access, [edit(ana, task)])).toMatchObject({version: 3, scopeVersion: 5});
  expect(knownAccess(access, [edit(ana, other)])).toBeNull();
  expect(knownAccess(access, [edit(bo, task)])).toBeNull();
  const owner = {entity: 'tasks' as const, id: other};
  expect(knownAccess(access, [edit(ana, task, {attaching: {owner, announcedBytes: 1}})])).toBeNull();
});

test('of a scope that is known as a whole nothing more is asked', () => {
  const access = laneOf([[ana, [task]]]);
  access.granted.get(ana.userId)!.isWhole = true;
  expect(knownAccess(access, [edit(ana, other)])).not.toBeNull();
  expect(sees(access, ana, other)).toBe(false);
});

test('a kept change rests on who lets it in', () => {
  const approval = {by: manager, employeeId: null, quarantineId: randomUUID()};
  const known = knownAccess(laneOf(), [edit(ana, task, {approval})]);
  expect([...(known?.members.keys() ?? [])]).toEqual([writerName(manager)]);
});

test('scope without its version is not known', () => {
  const access = laneOf([[ana, [task]]]);
  access.scopeVersion = createLaneAccess().scopeVersion;
  expect(knownAccess(access, [edit(ana, task)])).toBeNull();
  expect(knownAccess(access, [edit(manager, task)])).not.toBeNull();
});

test('what was forgotten is known no more, neither roles nor scope', () => {
  const access = laneOf([[ana, [task]]]);
  forgetAccess(access);
  expect([access.members.size, access.granted.size]).toEqual([0, 0]);
  expect(access.scopeVersion).toBe(createLaneAccess().scopeVersion);
});

test('a record is granted to one member, under one entity', () => {
  const access = laneOf([[ana, [task]]]);
  expect([sees(access, ana, task), sees(access, ana, task, 'clients')]).toEqual([true, false]);
  expect([sees(access, ana, other), sees(access, bo, task)]).toEqual([false, false]);
});

const event = (
  {userId}: WriterAccess,
  id: string,
  granted: boolean,
  entity: 'tasks' | 'clients' = 'tasks',
) => ({
  userId,
  entity,
  id,
  granted,
  seq: 1,
});

test('a commit of its own moves what a lane knows, each entity for itself', () => {
  const access = laneOf([[ana, [task, other]]]);
  const events = [event(ana, task, false), event(ana, other, true, 'clients')];
  followOwnEvents(access, {scopeVersion: 6, events});
  expect(access.scopeVersion).toBe(6);
  expect(sees(access, ana, task)).toBe(false);
  expect([sees(access, ana, other), sees(access, ana, other, 'clients')]).toEqual([true, true]);
  followOwnEvents(access, {scopeVersion: 7, events: [event(ana, task, true), event(ana, other, false)]});
  expect(sees(access, ana, task)).toBe(true);
  expect([sees(access, ana, other), sees(access, ana, other, 'clients')]).toEqual([false, true]);
});

test('what was not asked for stays unknown after a commit, unless the scope is known as a whole', () => {
  const access = laneOf([[ana, [task]]]);
  followOwnEvents(access, {scopeVersion: 6, events: [event(ana, other, true), event(bo, other, true)]});
  expect(knownAccess(access, [edit(ana, other)])).toBeNull();
  expect(access.granted.has(bo.userId)).toBe(false);
  access.granted.get(ana.userId)!.isWhole = true;
  followOwnEvents(access, {scopeVersion: 7, events: [event(ana, other, true)]});
  expect(sees(access, ana, other)).toBe(true);
});

test('a commit of another node in between makes a lane forget all scope', () => {
  const access = laneOf([[ana, [task]]]);
  followOwnEvents(access, {scopeVersion: 7, events: []});
  expect(access.granted.size).toBe(0);
  expect(access.scopeVersion).toBe(createLaneAccess().scopeVersion);
  expect(access.members.size).toBe(3);
});

test('a lane remembers a bounded number of ids, over all members', () => {
  const idsUpTo = (count: number) => Array.from({length: count}, (_, index) => String(index));
  const access = laneOf([
    [ana, idsUpTo(25_000)],
    [bo, idsUpTo(25_000)],
  ]);
  trimAccess(access);
  expect(access.granted.size).toBe(2);
  access.granted.get(bo.userId)!.ids.set('one more', []);
  trimAccess(access);
  expect(access.granted.size).toBe(0);
});

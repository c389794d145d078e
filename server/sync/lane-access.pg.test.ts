// What a lane asks the database for, and how what it learns fits what it knew.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {withTenant} from '#db/transaction.ts';
import {createArena, query, type Arena} from '#test/support/lane-kit.ts';
import {jsonSubmission} from '#test/support/submissions.ts';
import {
  AccessChanged,
  createLaneAccess,
  followOwnEvents,
  isGranted,
  knownAccess,
  loadAccess,
  writerName,
  type GroupAccess,
} from './lane-access.ts';
import type {Member} from './members.ts';
import type {Submission} from './submission.ts';

async function start() {
  const arena = await createArena();
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  const access = createLaneAccess();
  const load = (submissions: readonly Submission[]): Promise<GroupAccess> =>
    withTenant(arena.database.pool, arena.tenantId, (client) =>
      loadAccess(client, {tenantId: arena.tenantId, access, submissions}),
    );
  return {arena, employee, access, load};
}

const edit = (by: Member, id: string = randomUUID()): Submission =>
  jsonSubmission(by, {entity: 'tasks', id, payload: {title: 'Roof'}});

/** Puts records into a member's scope, without anybody's knowledge. */
const grant = (arena: Arena, {userId}: Member, ids: readonly string[]) =>
  query(
    arena,
    `INSERT INTO record_access (tenant_id, user_id, entity, record_id, granted, seq, changed_at)
     SELECT $1, $2, 'tasks', id, true, 0, now() FROM unnest($3::uuid[]) AS id`,
    [arena.tenantId, userId, ids],
  );

/** As another node would leave the tenant. */
const move = (arena: Arena, version: 'access_version' | 'scope_version') =>
  query(arena, `UPDATE tenant_counters SET ${version} = ${version} + 1 WHERE tenant_id = $1`, [
    arena.tenantId,
  ]);

const sees = (access: Pick<GroupAccess, 'granted'>, {userId}: Member, id: string): boolean =>
  isGranted(access, userId, {entity: 'tasks', id});

test('a lane learns roles and scope once, and knows them from then on', async () => {
  const {arena, employee, access, load} = await start();
  const [mine, theirs] = [randomUUID(), randomUUID()];
  await grant(arena, employee, [mine]);
  const group = [edit(arena.manager), edit(employee, mine), edit(employee, theirs)];
  const learned = await load(group);
  expect([...learned.members.values()].map((member) => member?.role)).toEqual(['manager', 'employee']);
  expect([sees(learned, employee, mine), sees(learned, employee, theirs)]).toEqual([true, false]);
  expect(learned.scopeVersion).toBe(access.scopeVersion);
  expect(knownAccess(access, group)).toEqual(learned);
});

test('a group without employees does not rest on scope, and one of the server rests on the versions alone', async () => {
  const {arena, access, load} = await start();
  expect((await load([edit(arena.manager)])).scopeVersion).toBeNull();
  const id = randomUUID();
  const change = {kind: 'server' as const, entity: 'tasks' as const, id, fields: {}, creates: false};
  const nobody = await load([{...edit(arena.manager), change}]);
  expect(nobody).toMatchObject({version: access.accessVersion, members: new Map()});
  await move(arena, 'access_version');
  expect((await load([{...edit(arena.manager), change}])).version).toBe(nobody.version + 1);
});

test('who is no member is remembered as none', async () => {
  const {arena, access, load} = await start();
  const {manager} = await arena.tenancy.newTenant();
  const stranger = {...manager, tenantId: arena.tenantId};
  expect([...(await load([edit(stranger)])).members]).toEqual([[writerName(stranger), null]]);
  expect(access.members.get(writerName(stranger))).toBeNull();
});

test('what is known stays known beside what is new', async () => {
  const {arena, employee, load} = await start();
  const colleague = await arena.tenancy.newMember(arena.manager, 'employee');
  const [mine, theirs] = [randomUUID(), randomUUID()];
  await grant(arena, employee, [mine]);
  await grant(arena, colleague, [theirs]);
  await load([edit(arena.manager), edit(employee, mine)]);
  const learned = await load([edit(arena.manager), edit(colleague, theirs)]);
  expect([...learned.members.values()].map((member) => member?.role)).toEqual(['manager', 'employee']);
  expect([sees(learned, employee, mine), sees(learned, colleague, theirs)]).toEqual([true, true]);
});

test('scope that was forgotten is learned again with its version', async () => {
  const {employee, access, load} = await start();
  const {scopeVersion} = await load([edit(employee)]);
  followOwnEvents(access, {scopeVersion: scopeVersion! + 2, events: []});
  expect((await load([edit(employee)])).scopeVersion).toBe(scopeVersion);
});

test('who only asks for more of a scope leaves it to the write to find out that it moved', async () => {
  const {arena, employee, load} = await start();
  const {scopeVersion} = await load([edit(employee)]);
  await move(arena, 'scope_version');
  expect((await load([edit(employee)])).scopeVersion).toBe(scopeVersion);
});

test('a moved version is taken where nothing rests on the old one', async () => {
  const {arena, employee, access, load} = await start();
  await load([edit(arena.manager)]);
  const before = access.accessVersion;
  await move(arena, 'access_version');
  await load([edit(employee)]);
  expect(access.accessVersion).toBe(before + 1);
  expect([...access.members.keys()]).toEqual([writerName(employee)]);
});

test.each(['access_version', 'scope_version'] as const)(
  'a group is decided anew where its %s moved between what was known and what was asked',
  async (version) => {
    const {arena, employee, access, load} = await start();
    await load([edit(arena.manager), edit(employee)]);
    await move(arena, version);
    const colleague = await arena.tenancy.onNewDevice(arena.manager);
    const group = [edit(arena.manager), edit(colleague)];
    await expect(load(group)).rejects.toThrow(AccessChanged);
    expect(access[version === 'access_version' ? 'members' : 'granted'].size).toBe(0);
    expect((await load(group)).members.size).toBe(2);
  },
);

test('a scope that is known is not mixed with roles of another version', async () => {
  const {arena, employee, load} = await start();
  const task = edit(employee);
  await load([task]);
  await move(arena, 'scope_version');
  const sameUser = await arena.tenancy.onNewDevice(employee);
  await expect(load([edit(sameUser, task.change.id)])).rejects.toThrow(AccessChanged);
});

test('a scope that is asked for again and again is read as a whole, each member for themselves', async () => {
  const {arena, employee, access, load} = await start();
  const colleague = await arena.tenancy.newMember(arena.manager, 'employee');
  const [mine, theirs] = [randomUUID(), randomUUID()];
  await grant(arena, employee, [mine]);
  await grant(arena, colleague, [theirs]);
  for (let times = 0; times < 3; times++) {
    await load([edit(employee), edit(colleague)]);
    expect(knownAccess(access, [edit(employee)])).toBeNull();
  }
  await load([edit(employee), edit(colleague)]);
  expect(knownAccess(access, [edit(employee), edit(colleague)])).not.toBeNull();
  expect([sees(access, employee, mine), sees(access, employee, theirs)]).toEqual([true, false]);
  expect([sees(access, colleague, mine), sees(access, colleague, theirs)]).toEqual([false, true]);
});

test.each([
  [2_000, true],
  [2_001, false],
])('a scope of %d records is read as a whole: %s', async (count, isWhole) => {
  const {arena, employee, access, load} = await start();
  const ids = Array.from({length: count}, () => randomUUID());
  await grant(arena, employee, ids);
  for (let times = 0; times < 5; times++) await load([edit(employee)]);
  expect(access.granted.get(employee.userId)?.isWhole).toBe(isWhole);
  expect(sees(access, employee, ids.at(-1)!)).toBe(isWhole);
});

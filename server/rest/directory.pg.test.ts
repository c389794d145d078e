import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {Colleague} from '#crdt/protocol/directory.ts';
import {createWorld, type ProblemBody, type World} from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

interface DirectoryPage {
  readonly items: readonly Colleague[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

test('every member sees the names, titles, colours and teams of colleagues, and nothing else', async () => {
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const own = (await employee.get<{member: {employeeId: string}}>('/v1/me')).body.member.employeeId;
  const [id, teamId, gone] = [randomUUID(), randomUUID(), randomUUID()];
  const fields = {displayName: 'Bo', jobTitle: 'Fitter', color: '#112233', teamIds: [teamId]};
  await manager.push([
    {entity: 'teams', entityId: teamId, payload: {name: 'North'}},
    {entity: 'employees', entityId: id, payload: {...fields, email: 'bo@example.com', notes: 'Private.'}},
    {entity: 'employees', entityId: gone, payload: {displayName: 'Gone'}},
    {entity: 'employees', entityId: gone, op: 'delete'},
  ]);
  const expected = [
    {id: own, displayName: 'New employee', jobTitle: null, color: null, teamIds: []},
    {id, ...fields},
  ];
  for (const person of [manager, employee]) {
    const {body} = await person.get<DirectoryPage>('/v1/directory');
    expect(body.items).toEqual(expected);
  }
  const first = (await employee.get<DirectoryPage>('/v1/directory?limit=1')).body;
  const next = `/v1/directory?limit=1&since=${first.nextCursor}`;
  const second = (await employee.get<DirectoryPage>(next)).body;
  expect([first.hasMore, second.hasMore]).toEqual([true, false]);
  expect([...first.items, ...second.items]).toEqual(expected);
});

test('nobody sees the colleagues of another tenant', async () => {
  const [own, foreign] = [await world.newManager(), await world.newManager()];
  await foreign.push([{entity: 'employees', payload: {displayName: 'Secret'}}]);
  expect((await own.get<DirectoryPage>('/v1/directory')).body.items).toEqual([]);
  const refused = await own.in(foreign.tenantId).get<ProblemBody>('/v1/directory');
  expect(refused.body.code).toBe('no_membership');
});

// What an employee may write of what they see: by field, by value, and in texts; over both paths. A change that breaks a
// rule says which field, and the others of its batch go on.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startWsTransport} from '#server/live/ws-transport.ts';
import {startLive} from '../support/live-world.ts';
import {createWorld, type Person, type World} from '../support/world.ts';

let world: World;
let manager: Person;
let ana: Person;
let employeeId: string;
let clientId: string;
let taskId: string;

beforeAll(async () => {
  world = await createWorld();
  manager = await world.newManager();
  ana = await world.newMember(manager, 'employee');
  employeeId = (await ana.get<{member: {employeeId: string}}>('/v1/me')).body.member.employeeId;
  clientId = randomUUID();
  taskId = randomUUID();
  await manager.push([
    {
      entity: 'clients',
      entityId: clientId,
      payload: {kind: 'person', displayName: 'Bo Client', notes: 'Rings twice.'},
    },
    {
      entity: 'tasks',
      entityId: taskId,
      payload: {title: 'Boiler', clientId, employeeId, notes: 'Cellar.'},
    },
  ]);
});
afterAll(() => world.close());

const forbidden = (field: string) => ({
  status: 'rejected',
  error: {code: 'forbidden_field', fields: {[field]: expect.any(String) as unknown}},
});

test('a field of the office is refused by name, and the rest of the batch is applied', async () => {
  const results = await ana.push([
    {entity: 'tasks', entityId: taskId, payload: {status: 'in_progress'}},
    {entity: 'tasks', entityId: taskId, payload: {priceMinor: 1, status: 'completed'}},
    {entity: 'tasks', entityId: taskId, payload: {employeeId: null}},
    {entity: 'clients', entityId: clientId, payload: {phone: '+4930123456'}},
    {entity: 'employees', entityId: employeeId, payload: {phone: '+4930123456'}},
    {entity: 'employees', entityId: employeeId, payload: {jobTitle: 'Boss'}},
    {op: 'delete', entity: 'tasks', entityId: taskId},
  ]);
  expect(results).toMatchObject([
    {status: 'applied'},
    forbidden('priceMinor'),
    forbidden('employeeId'),
    forbidden('phone'),
    {status: 'applied'},
    forbidden('jobTitle'),
    {status: 'rejected', error: {code: 'forbidden_field'}},
  ]);
  expect((await manager.get(`/v1/tasks/${taskId}`)).body).toMatchObject({
    status: 'in_progress',
    priceMinor: null,
    employeeId,
    deletedAt: null,
  });
});

test('an expense is submitted by its author, and approved by a manager; then it is closed to its author', async () => {
  const entity = 'finance_entries';
  const entityId = randomUUID();
  const own = {kind: 'expense', employeeId, currency: 'EUR', status: 'draft'};
  const write = async (person: Person, payload: object) =>
    (await person.push([{entity, entityId, payload}]))[0];
  expect(await write(ana, own)).toMatchObject({status: 'applied'});
  expect(await write(ana, {status: 'approved'})).toMatchObject(forbidden('status'));
  expect(await write(ana, {status: 'submitted', vendor: 'Depot'})).toMatchObject({status: 'applied'});
  expect(await write(manager, {status: 'approved'})).toMatchObject({status: 'applied'});
  expect(await write(ana, {vendor: 'Other depot'})).toMatchObject(forbidden('vendor'));
  expect(await write(ana, {employeeId: null})).toMatchObject(forbidden('employeeId'));
  expect(
    (await ana.push([{entity, payload: {kind: 'invoice', currency: 'EUR', employeeId}}]))[0],
  ).toMatchObject({
    status: 'rejected',
    error: {code: 'forbidden'},
  });
});

test('a Yjs update loses the field it may not write and keeps the others, and its document shows what holds', async () => {
  const live = await startLive(world, {start: startWsTransport});
  const device = await live.connect(ana);
  const [answer] = await device.answered(
    device.write('tasks', taskId, {status: 'on_hold', title: 'Mine now', cancelReason: 'No parts'}),
  );
  expect(answer).toMatchObject({kind: 'ack', refused: [{field: 'title', code: 'forbidden_field'}]});
  await device.until(() => device.shown('tasks', taskId)['title'] === 'Boiler');
  expect((await manager.get(`/v1/tasks/${taskId}`)).body).toMatchObject({
    title: 'Boiler',
    status: 'on_hold',
    cancelReason: 'No parts',
  });
});

test("a client's notes are added to by an employee, and only their own words taken back", async () => {
  const live = await startLive(world, {start: startWsTransport});
  const device = await live.connect(ana);
  const edit = async (
    change: (notes: {
      insert(at: number, text: string): void;
      delete(at: number, length: number): void;
      length: number;
    }) => void,
  ) => {
    const request = device.sendUpdates([
      device.capture('clients', clientId, (doc) => change(doc.getText('text:notes'))),
    ]);
    return (await device.answered(request))[0];
  };
  const notes = async () => (await manager.get<{notes: string}>(`/v1/clients/${clientId}`)).body.notes;
  expect(await edit((text) => text.insert(text.length, ' Paid.'))).toMatchObject({kind: 'ack', refused: []});
  expect(await notes()).toBe('Rings twice. Paid.');
  expect(await edit((text) => text.delete(text.length - 6, 6))).toMatchObject({kind: 'ack', refused: []});
  expect(await notes()).toBe('Rings twice.');
  const refused = await edit((text) => text.delete(0, 5));
  expect(refused).toMatchObject({kind: 'reject', code: 'forbidden_field'});
  const before = await edit((text) => text.insert(0, 'Never '));
  expect(before?.kind === 'ack' ? before.refused : [before]).not.toEqual([]);
  expect(await notes()).toBe('Rings twice.');
  const [json] = await ana.push([
    {entity: 'clients', entityId: clientId, payload: {notes: {append: ' Dog.'}}},
  ]);
  expect(json).toMatchObject({status: 'applied'});
  expect(await notes()).toBe('Rings twice. Dog.');
});

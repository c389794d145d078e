// Sockets of a sign-in that the issuer has ended: closed for good, on every node, and those of nobody else.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {silentLogger} from '#server/logger.ts';
import {startRevocationPoll} from '#server/revocation-poll.ts';
import {createService} from '#server/sync/service.ts';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {openClerkWorld} from '../support/clerk-world.ts';
import {startLive} from '../support/live-world.ts';
import {createWorld, type Person, type World} from '../support/world.ts';
import {openProvider} from '../support/yjs-provider.ts';

const REVOKED = {code: 4402, reason: 'session_revoked'};

const sessionOf = (token: string): string =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {sid: string}).sid;
const ended = (token: string) => ({type: 'session.revoked', data: {object: 'session', id: sessionOf(token)}});
const deleted = ({subject}: Person) => ({type: 'user.deleted', data: {id: subject, deleted: true}});

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  const setUp = async () => ({
    clerk: openClerkWorld(world),
    live: await startLive(world, {start}),
    manager: await world.newManager(),
  });
  /** Another node on the same database, which hears of nothing but by asking. */
  const startOtherNode = async () => {
    const {pool, keyring, now} = world.service;
    const service = await createService({pool, keyring, now, onFault: () => undefined});
    onTestFinished(startRevocationPoll({revokedTokens: service.revokedTokens, log: silentLogger}));
    return startLive(world, {start, service});
  };
  const signInAgain = async (person: Person): Promise<Person> => ({
    ...person.onNewDevice(),
    token: await world.issuer.issue({subject: person.subject, email: person.email}),
  });

  test('the sockets of the session close for good, before the webhook is answered; other sessions go on', async () => {
    const {clerk, live, manager} = await setUp();
    const again = await signInAgain(manager);
    const [one, two] = [await live.connect(manager), await live.connect(again)];
    const stranger = await live.connect(await world.newManager());
    const room = openProvider({url: live.url, entity: 'tasks', id: randomUUID(), person: manager});
    await room.synced();
    await clerk.deliver(ended(manager.token));
    expect(await one.ended()).toEqual(REVOKED);
    await room.until(() => room.finalClose !== null);
    expect(room.finalClose).toMatchObject(REVOKED);
    expect((await live.connect(manager)).closed).toEqual(REVOKED);
    for (const device of [two, stranger]) {
      device.send({kind: 'ping', clock: 1});
      await device.nextOf('pong');
      expect(device.closed).toBeNull();
    }
  });

  test('a connection belongs to the session of its latest token', async () => {
    const {clerk, live, manager} = await setUp();
    const again = await signInAgain(manager);
    const device = await live.connect(manager);
    device.send({kind: 'token', token: again.token});
    await device.nextOf('renewed');
    await clerk.deliver(ended(manager.token));
    device.send({kind: 'ping', clock: 1});
    await device.nextOf('pong');
    expect(device.closed).toBeNull();
    device.send({kind: 'token', token: manager.token});
    expect(await device.ended()).toEqual(REVOKED);
    const other = await live.connect(again);
    await clerk.deliver(ended(again.token));
    expect(await other.ended()).toEqual(REVOKED);
  });

  test('all sockets of a deleted account close for good, in every tenant', async () => {
    const {clerk, live, manager} = await setUp();
    const there = await world.newManager();
    await there.post(`/v1/tenants/${there.tenantId}/invite`, {email: manager.email, role: 'employee'});
    await manager.post(`/v1/tenants/${there.tenantId}/activate`, {});
    const own = [
      await live.connect(manager),
      await live.connect(await signInAgain(manager)),
      await live.connect(manager.in(there.tenantId)),
    ];
    const colleague = await live.connect(there);
    await clerk.deliver(deleted(manager));
    for (const device of own) expect(await device.ended()).toEqual(REVOKED);
    colleague.send({kind: 'ping', clock: 1});
    await colleague.nextOf('pong');
    expect(colleague.closed).toBeNull();
  });

  // I24 of docs/reliability.md.
  test('another node closes them, and refuses their tokens from then on', async () => {
    const {clerk, manager} = await setUp();
    const other = await startOtherNode();
    const employee = await world.newMember(manager, 'employee');
    const devices = [await other.connect(manager), await other.connect(employee)];
    expect(devices.map(({closed}) => closed)).toEqual([null, null]);
    await clerk.deliver(ended(manager.token));
    await clerk.deliver(deleted(employee));
    for (const device of devices) expect(await device.ended()).toEqual(REVOKED);
    for (const person of [manager, employee]) expect((await other.connect(person)).closed).toEqual(REVOKED);
  });
});

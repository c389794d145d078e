// How many sockets a user and a tenant get on one node, over real sockets of both kinds: who comes too many is told to try
// again, and nobody else notices.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {LiveDevice} from '../support/live-device.ts';
import {startLive, type LiveServer} from '../support/live-world.ts';
import {WAIT} from '../support/wait.ts';
import {createWorld, type Person, type World} from '../support/world.ts';
import {openProvider} from '../support/yjs-provider.ts';

const entity = 'tasks';
const REFUSED = {code: 4529, reason: 'too_many_sockets'};

/** A socket of a person on another device: welcomed, or closed. */
async function knock({url}: LiveServer, person: Person): Promise<LiveDevice> {
  const {token, tenantId} = person;
  const device = await LiveDevice.connect({url, token, tenantId, deviceId: randomUUID()});
  onTestFinished(() => device.close());
  return device;
}

const countRefused = ({edge}: LiveServer): number => edge.traffic.endings.get('too_many_sockets') ?? 0;

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  test('of a crowd that comes with one token as many stay as a user may have, and they go on undisturbed', async () => {
    const live = await startLive(world, {start, socketsMax: {user: 4, tenant: 100}});
    const manager = await world.newManager();
    const first = await live.connect(manager);
    const crowd = await Promise.all(Array.from({length: 30}, () => knock(live, manager)));
    const refused = crowd.filter(({closed}) => closed !== null);
    expect(refused.map(({closed}) => closed)).toEqual(Array(27).fill(REFUSED));
    expect(countRefused(live)).toBe(27);
    expect(await first.answered(first.write(entity, randomUUID(), {title: 'Mend the roof'}))).toMatchObject([
      {kind: 'ack'},
    ]);
    expect((await knock(live, await world.newManager())).closed).toBeNull();
  });

  test('rooms of stock providers count as well, and a provider comes in by itself once a place is free', async () => {
    const live = await startLive(world, {start, socketsMax: {user: 2, tenant: 100}});
    const manager = await world.newManager();
    const device = await live.connect(manager);
    await openProvider({url: live.url, entity, person: manager, id: randomUUID()}).synced();
    expect((await knock(live, manager)).closed).toEqual(REFUSED);
    const late = openProvider({url: live.url, entity, person: manager.onNewDevice(), id: randomUUID()});
    await late.until(() => late.closes.includes(REFUSED.code));
    device.close();
    await late.synced();
    expect(late.finalClose).toBeNull();
  });

  test('a tenant that has all its sockets open takes nothing from others', async () => {
    const live = await startLive(world, {start, socketsMax: {user: 100, tenant: 2}});
    const manager = await world.newManager();
    const colleague = await world.newMember(manager, 'manager');
    const [one, two] = [await knock(live, manager), await knock(live, colleague)];
    expect([one.closed, two.closed]).toEqual([null, null]);
    expect((await knock(live, colleague)).closed).toEqual(REFUSED);
    expect((await knock(live, await world.newManager())).closed).toBeNull();
    one.close();
    await expect.poll(async () => (await knock(live, colleague)).closed, WAIT).toBeNull();
  });
});

// The welcome comes before everything else that a device is sent.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {PROTOCOL_VERSION} from '#crdt/protocol/version.ts';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {LiveDevice} from '../support/live-device.ts';
import {startLive} from '../support/live-world.ts';
import {createWorld, type Person, type World} from '../support/world.ts';

const entity = 'tasks';

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  /** Says hello and goes on in the same breath. */
  const openInOneBreath = async (url: string, {token, tenantId, deviceId}: Person) => {
    const device = new LiveDevice({url});
    onTestFinished(() => device.close());
    await device.opened();
    const {clientId} = device;
    const version = PROTOCOL_VERSION;
    device.send({
      kind: 'hello',
      version,
      token,
      tenantId,
      deviceId,
      clientId,
      clock: Date.now(),
      cursor: null,
    });
    device.send({kind: 'ping', clock: 1});
    const request = device.write(entity, randomUUID(), {title: 'Mend the gutter'});
    return {device, request};
  };

  test('what follows hello in the same breath is answered after it', async () => {
    const live = await startLive(world, {start});
    const {device, request} = await openInOneBreath(live.url, await world.newManager());
    expect(await device.answered(request)).toMatchObject([{kind: 'ack'}]);
    expect(device.frames[0]?.kind).toBe('welcome');
  });

  test('it comes first, however long the first page takes', async () => {
    const live = await startLive(world, {start});
    const manager = await world.newManager();
    const other = await live.connect(manager);
    const {feed} = world.service;
    // Meanwhile another device's write is committed and answered: time enough for any frame that does not wait.
    const readPage: typeof feed.readPage = async (...asked) => {
      await other.answered(other.write(entity, randomUUID(), {title: 'Mend the roof'}));
      return feed.readPage(...asked);
    };
    const slow = await startLive(world, {start, service: {...world.service, feed: {...feed, readPage}}});
    const {device, request} = await openInOneBreath(slow.url, manager);
    expect(await device.answered(request)).toMatchObject([{kind: 'ack'}]);
    expect(device.frames[0]?.kind).toBe('welcome');
  });
});

// How a live connection begins, is kept and ends: who may open it, what closes it, and with which code.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {encodeFrame} from '#crdt/protocol/frame.ts';
import {
  HELLO_BYTES_MAX,
  HELLO_DEADLINE_MS,
  IDLE_TIMEOUT_MS,
  SLOW_RECEIVER_MS,
} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {AUTH_FAILURES_MAX} from '#server/auth/auth-limits.ts';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {LiveDevice, randomClientId} from '../support/live-device.ts';
import {startLive, type LiveServer} from '../support/live-world.ts';
import {createManualTimers, type ManualTimers} from '../support/manual-timers.ts';
import {createWorld, type Person, type World} from '../support/world.ts';

const entity = 'tasks';

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  const setUp = async () => ({live: await startLive(world, {start}), manager: await world.newManager()});
  /** A server whose time stands still until told otherwise. */
  const setUpTimed = async (): Promise<{live: LiveServer; manager: Person; timers: ManualTimers}> => {
    const timers = createManualTimers();
    const service = {...world.service, now: timers.now};
    return {
      live: await startLive(world, {start, timers, service}),
      manager: await world.newManager(),
      timers,
    };
  };
  /** A socket that has not said hello. */
  const openSilent = async ({url}: LiveServer): Promise<LiveDevice> => {
    const device = new LiveDevice({url});
    onTestFinished(() => device.close());
    await device.opened();
    return device;
  };
  const helloOf = (person: Person, changes: object = {}) =>
    encodeFrame({
      kind: 'hello',
      version: 1,
      token: person.token,
      tenantId: person.tenantId,
      deviceId: person.deviceId,
      clientId: randomClientId(),
      clock: Date.now(),
      cursor: null,
      ...changes,
    });

  describe('hello', () => {
    test('a socket that says nothing is closed in time', async () => {
      const {live, timers} = await setUpTimed();
      const device = await openSilent(live);
      await device.until(() => live.sockets.length === 1);
      timers.pass(HELLO_DEADLINE_MS);
      expect(await device.ended()).toEqual({code: 4508, reason: 'hello_timeout'});
    });

    test.each([
      {name: 'an expired token', code: 4502, reason: 'token_expired', claim: 'expired'},
      {name: 'no token', code: 4501, reason: 'unauthenticated', claim: 'none'},
      {name: 'a forged token', code: 4501, reason: 'unauthenticated', claim: 'forged'},
      {name: 'a tenant that does not exist', code: 4404, reason: 'no_membership', claim: 'unknown-tenant'},
      {name: "somebody else's tenant", code: 4404, reason: 'no_membership', claim: 'foreign-tenant'},
      {name: "somebody else's device", code: 4409, reason: 'device_taken', claim: 'foreign-device'},
      {name: "another tenant's cursor", code: 4410, reason: 'resync', claim: 'foreign-cursor'},
      {name: 'a cursor that is none', code: 4422, reason: 'bad_cursor', claim: 'bad-cursor'},
      {name: "another device's client id", code: 4509, reason: 'client_taken', claim: 'taken-client'},
      {name: "the server's client id", code: 4509, reason: 'client_taken', claim: 'server-client'},
    ])('$name is refused with $code', async ({claim, code, reason}) => {
      const {live, manager} = await setUp();
      const other = await live.connect(await world.newManager());
      const colleague = await live.connect(manager.onNewDevice());
      const expired = await world.issuer.issue({...manager, expiresInSeconds: -60});
      const claims: Record<string, object> = {
        expired: {token: expired},
        none: {token: ''},
        forged: {token: `${manager.token.slice(0, -4)}AAAA`},
        'unknown-tenant': {tenantId: randomUUID()},
        'foreign-tenant': {tenantId: other.welcome!.tenantId},
        'foreign-device': {deviceId: other.welcome!.deviceId},
        'foreign-cursor': {cursor: other.cursor},
        'bad-cursor': {cursor: 'yesterday'},
        'taken-client': {clientId: colleague.clientId},
        'server-client': {clientId: 2 ** 32},
      };
      const device = await openSilent(live);
      device.ws.send(helloOf(manager, claims[claim]));
      expect(await device.ended()).toEqual({code, reason});
      expect(device.welcome).toBeNull();
    });

    test('the tenant may be left out where there is only one', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect({...manager, tenantId: null});
      expect(device.welcome?.tenantId).toBe(manager.tenantId);
    });

    test.each([
      {name: 'another protocol version', bytes: Uint8Array.of(1, 9), code: 4426},
      {name: 'an update first', bytes: encodeFrame({kind: 'update', request: 1, updates: []}), code: 4422},
      {name: 'a ping first', bytes: encodeFrame({kind: 'ping', clock: 1}), code: 4422},
      {name: 'no frame', bytes: Uint8Array.of(), code: 4422},
      {name: 'junk', bytes: Uint8Array.of(200, 1, 2, 3), code: 4422},
      {name: 'a frame of the server', bytes: encodeFrame({kind: 'caught-up', position: 1}), code: 4422},
    ])('$name is refused with $code', async ({bytes, code}) => {
      const {live} = await setUp();
      const device = await openSilent(live);
      device.ws.send(bytes);
      expect((await device.ended()).code).toBe(code);
    });

    test('a hello above its bound is refused unverified', async () => {
      const {live, manager} = await setUp();
      const before = world.verifier.stats().verifications + world.verifier.stats().refusals;
      const device = await openSilent(live);
      device.ws.send(helloOf(manager, {token: 'a'.repeat(HELLO_BYTES_MAX)}));
      expect((await device.ended()).code).toBe(4422);
      expect(world.verifier.stats().verifications + world.verifier.stats().refusals).toBe(before);
    });
  });

  test('an address whose tokens are forged is held off, by the header of the proxy where there is one', async () => {
    const live = await startLive(world, {start, clientAddressHeader: 'x-caller'});
    const manager = await world.newManager();
    const tryFrom = async (address: string, token: string): Promise<LiveDevice> => {
      const device = new LiveDevice({url: live.url, headers: {'x-caller': `1.2.3.4, ${address}`}});
      onTestFinished(() => device.close());
      await device.opened();
      device.ws.send(helloOf({...manager, token}));
      await device.until(() => device.welcome !== null || device.closed !== null);
      return device;
    };
    for (let attempt = 0; attempt < AUTH_FAILURES_MAX; attempt++) {
      expect((await tryFrom('192.0.2.7', 'x.y.z')).closed?.code).toBe(4501);
    }
    expect((await tryFrom('192.0.2.7', manager.token)).closed).toEqual({code: 4529, reason: 'rate_limited'});
    expect((await tryFrom('192.0.2.8', manager.token)).closed).toBeNull();
  });

  describe('frames', () => {
    test.each([
      {name: 'junk', bytes: Uint8Array.of(200, 1, 2, 3)},
      {name: 'half a frame', bytes: Uint8Array.of(2, 1, 5)},
      {name: 'an integer that is padded', bytes: Uint8Array.of(5, 0x80, 0x00)},
      {name: 'presence, which is not spoken yet', bytes: Uint8Array.of(6)},
    ])('$name closes with 4422', async ({bytes}) => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      device.ws.send(bytes);
      expect(await device.ended()).toEqual({code: 4422, reason: 'bad_frame'});
    });

    test('a second hello closes with 4422', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      device.ws.send(helloOf(manager));
      expect((await device.ended()).code).toBe(4422);
    });

    test('a text frame closes with 4422', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      device.ws.send('hello');
      expect((await device.ended()).code).toBe(4422);
    });

    test('a state vector that is none closes with 4422', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      const id = randomUUID();
      device.send({
        kind: 'sync-step-1',
        request: 1,
        entity,
        id,
        generation: 0,
        stateVector: Uint8Array.of(9),
      });
      expect((await device.ended()).code).toBe(4422);
    });

    test('a ping is answered with both clocks', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      const clock = Date.now() - 5_000;
      device.send({kind: 'ping', clock});
      const pong = await device.nextOf('pong');
      expect(pong.clock).toBe(clock);
      expect(pong.serverTime).toBeGreaterThan(clock);
    });
  });

  describe('tokens', () => {
    test('a fresh one is taken in-band, and the connection outlives the old one', async () => {
      const {live, manager, timers} = await setUpTimed();
      const token = await world.issuer.issue({...manager, expiresInSeconds: 10});
      const device = await live.connect({...manager, token});
      device.send({kind: 'token', token: manager.token});
      const {tokenExpiresAt} = await device.nextOf('renewed');
      expect(tokenExpiresAt).toBeGreaterThan(Date.now() + 60_000);
      timers.pass(24_900);
      const request = device.write(entity, randomUUID(), {title: 'Mend the roof'});
      expect(await device.answered(request)).toMatchObject([{kind: 'ack'}]);
    });

    test('without one the connection ends after expiry and grace, retryably', async () => {
      const {live, manager, timers} = await setUpTimed();
      const token = await world.issuer.issue({...manager, expiresInSeconds: 5});
      const device = await live.connect({...manager, token});
      timers.pass(19_000);
      expect(device.closed).toBeNull();
      timers.pass(12_000); // The token was made a little after the clock began to stand still.
      expect(await device.ended()).toEqual({code: 4502, reason: 'token_expired'});
    });

    test('a token of somebody else ends the connection', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      const other = await world.newMember(manager, 'manager');
      device.send({kind: 'token', token: other.token});
      // The device is the first user's, so it is refused before the two users are compared.
      expect((await device.ended()).code).toBe(4409);
    });

    test('an unreadable token ends the connection retryably', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      device.send({kind: 'token', token: 'no token'});
      expect((await device.ended()).code).toBe(4501);
    });
  });

  describe('membership', () => {
    const changeMembership = async (person: Person, change: string): Promise<void> => {
      await world.database.owner.query(
        `UPDATE memberships SET ${change}, role_version = role_version + 1
         WHERE user_id = (SELECT id FROM users WHERE email = $1)`,
        [person.email],
      );
      world.service.accessChanged(person.tenantId as TenantId);
    };

    test.each([
      {change: `status = 'removed'`, code: 4406, reason: 'membership_changed'},
      {change: `role = 'employee'`, code: 4406, reason: 'membership_changed'},
    ])('$change ends the connections of that member with $code, and of nobody else', async (expected) => {
      const {live, manager} = await setUp();
      const person = await world.newMember(manager, 'manager');
      const [device, other] = [await live.connect(person), await live.connect(manager)];
      await changeMembership(person, expected.change);
      const {code, reason} = expected;
      expect(await device.ended()).toEqual({code, reason});
      const id = randomUUID();
      const [answer] = await other.answered(other.write(entity, id, {title: 'Mend the roof'}));
      await other.reached((answer as {seq: number}).seq);
      expect(other.closed).toBeNull();
      expect(device.records.size).toBe(0);
    });

    test('a write that was under way when the membership ended is not kept', async () => {
      const {live, manager} = await setUp();
      const person = await world.newMember(manager, 'manager');
      const device = await live.connect(person);
      await world.database.owner.query(
        `WITH gone AS (UPDATE memberships SET status = 'removed'
           WHERE user_id = (SELECT id FROM users WHERE email = $1))
         UPDATE tenant_counters SET access_version = access_version + 1 WHERE tenant_id = $2`,
        [person.email, person.tenantId],
      );
      const id = randomUUID();
      device.write(entity, id, {title: 'Too late'});
      expect(await device.ended()).toEqual({code: 4406, reason: 'membership_changed'});
      const watching = await live.connect(manager);
      expect(watching.shown(entity, id)).toEqual({});
    });
  });

  describe('endings', () => {
    test('a silent peer is let go', async () => {
      const {live, manager, timers} = await setUpTimed();
      const device = await live.connect(manager);
      device.ws.pause();
      timers.pass(IDLE_TIMEOUT_MS);
      device.ws.resume();
      expect(await device.ended()).toEqual({code: 4510, reason: 'idle_timeout'});
    });

    test('a peer that answers pings is kept', async () => {
      const {live, manager, timers} = await setUpTimed();
      const device = await live.connect(manager);
      for (let round = 0; round < 6; round++) {
        let pings = 0;
        device.ws.once('ping', () => {
          pings++;
          device.changed();
        });
        timers.pass(25_000);
        await device.until(() => pings > 0);
        // The pong went before this ping of our own, so it has been heard once that is answered.
        device.frames.length = 0;
        device.send({kind: 'ping', clock: 1});
        await device.nextOf('pong');
      }
      expect(device.closed).toBeNull();
    });

    test('a peer that takes nothing for too long is let go, and what was held for it is freed', async () => {
      const {live, manager, timers} = await setUpTimed();
      const writer = await live.connect(manager);
      const slow = await live.connect(manager.onNewDevice(), {keepFrames: false});
      const socket = live.sockets.at(-1)!;
      const id = randomUUID();
      await writer.answered(writer.write(entity, id, {title: 'Mend the roof'}));
      slow.ws.pause();
      let before = -1;
      // Until it is sent nothing more.
      while (socket.bufferedBytes() !== before || before < 1024 * 1024) {
        before = socket.bufferedBytes();
        const update = writer.capture(entity, id, (doc) => {
          const notes = doc.getText('text:notes');
          notes.delete(0, notes.length);
          notes.insert(0, 'wet '.repeat(10_000));
        });
        const [answer] = await writer.answered(writer.sendUpdates([update]));
        await writer.reached((answer as {seq: number}).seq);
      }
      for (let second = 0; second < 3; second++) {
        timers.pass(SLOW_RECEIVER_MS / 3);
        writer.frames.length = 0;
        writer.send({kind: 'ping', clock: 1});
        await writer.nextOf('pong');
      }
      slow.ws.resume();
      expect(await slow.ended()).toEqual({code: 4511, reason: 'slow_receiver'});
    }, 60_000);

    test('a draining node says so, answers what it owes, and closes with 1012', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      const request = device.write(entity, randomUUID(), {title: 'Mend the roof'});
      await live.edge.drain();
      expect(await device.nextOf('drain')).toMatchObject({closeInMs: expect.any(Number) as number});
      expect((await device.ended()).code).toBe(1012);
      const answered = device.answers.get(request)!;
      const again = await (await startLive(world, {start})).connect(manager);
      // Acknowledged and there, or neither.
      expect(again.records.size).toBe(answered.size);
      expect(live.edge.stats()).toEqual({sockets: 0, live: 0, yjs: 0});
    });

    test('nothing of a connection is left behind when it is gone', async () => {
      const {live, manager} = await setUp();
      const before = world.service.fanOut.followers();
      const devices = await Promise.all(Array.from({length: 10}, () => live.connect(manager.onNewDevice())));
      expect(live.edge.stats()).toMatchObject({sockets: 10, live: 10});
      expect(world.service.fanOut.followers()).toBe(before + 10);
      for (const [index, device] of devices.entries()) {
        if (index % 2 === 0) device.ws.terminate();
        else device.close();
      }
      const watching = await live.connect(manager);
      await watching.until(() => {
        watching.send({kind: 'ping', clock: 1});
        return live.edge.stats().sockets === 1;
      });
      expect(world.service.fanOut.followers()).toBe(before + 1);
    });
  });
});

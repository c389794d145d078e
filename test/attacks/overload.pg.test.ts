// Those who send too much, too slowly or nothing, beside honest devices of the same tenant on the same node: these are
// served as if they were alone. Orders and bounds are held against the rules, never times.
import {gzipSync} from 'node:zlib';
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {encodeFrame} from '#crdt/protocol/frame.ts';
import {BUFFERED_BYTES_PAUSE, DEVICE_FRAMES_BURST} from '#crdt/protocol/limits.ts';
import {LIVE_FRAME_BYTES_MAX} from '#server/live/live-limits.ts';
import {BareClient} from '../conformance/live-client.ts';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {LiveDevice} from '../support/live-device.ts';
import {startLive, type LiveServer} from '../support/live-world.ts';
import {createWorld, type Person, type World} from '../support/world.ts';

const entity = 'tasks';
const CALLER = 'x-caller';

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  const setUp = async () => ({
    live: await startLive(world, {
      start,
      clientAddressHeader: CALLER,
      fetch: (request, address) => world.app.fetch(request, address),
    }),
    manager: await world.newManager(),
  });

  /** Writes one after the other; answers their positions, all acknowledged. */
  async function write(writer: LiveDevice, {id, times}: {id: string; times: number}): Promise<number[]> {
    const seqs: number[] = [];
    for (let count = 0; count < times; count++) {
      const update = writer.capture(entity, id, (doc) => {
        doc.getMap('fields').set('title', [Date.now(), `Roof ${count}`]);
        const notes = doc.getText('text:notes');
        notes.delete(0, notes.length);
        notes.insert(0, `${count} `.repeat(9_000));
      });
      const [answer] = await writer.answered(writer.sendUpdates([update]));
      if (answer?.kind !== 'ack' || answer.seq === null) throw new Error(JSON.stringify(answer));
      seqs.push(answer.seq);
    }
    return seqs;
  }

  const seqsOf = (device: LiveDevice, id: string): number[] =>
    device.frames.flatMap((frame) =>
      frame.kind === 'changes' ? frame.records.filter((one) => one.id === id).map(({seq}) => seq) : [],
    );

  /** Everything that was written came to a device, in order, each once, live. */
  async function expectServed(device: LiveDevice, {id, seqs}: {id: string; seqs: number[]}): Promise<void> {
    await device.reached(seqs.at(-1)!);
    expect(seqsOf(device, id)).toEqual(seqs);
    expect(device).toMatchObject({holes: 0, caughtUps: 1, closed: null});
  }

  /** A writer and two readers of one record, that notice nothing of what `attack` does meanwhile. */
  async function expectUnharmed(
    {live, manager}: {live: LiveServer; manager: Person},
    attack: () => Promise<void>,
  ): Promise<void> {
    // Before anybody is connected: who joins makes connections look again who they are.
    const colleague = await world.newMember(manager, 'manager');
    const writer = await live.connect(manager);
    const readers = [await live.connect(manager.onNewDevice()), await live.connect(colleague)];
    const id = randomUUID();
    const seqs = await write(writer, {id, times: 2});
    const [more] = await Promise.all([write(writer, {id, times: 15}), attack()]);
    seqs.push(...more, ...(await write(writer, {id, times: 2})));
    for (const reader of readers) await expectServed(reader, {id, seqs});
    expect(writer.closed).toBeNull();
    const late = await live.connect(manager.onNewDevice());
    expect(late.shown(entity, id)['title']).toBe('Roof 1');
  }

  // I29 of docs/reliability.md.
  test('a receiver that stops reading changes nothing for others: they get each change once, in order, live', async () => {
    const {live, manager} = await setUp();
    const writer = await live.connect(manager);
    const readers = [await live.connect(manager.onNewDevice()), await live.connect(manager.onNewDevice())];
    const slow = await live.connect(manager.onNewDevice(), {keepFrames: false});
    const socket = live.sockets.at(-1)!;
    const id = randomUUID();
    slow.ws.pause();
    const seqs: number[] = [];
    let largest = 0;
    // More than systems buffer on their own, and then some.
    for (let past = 0, rounds = 0; past < 3 && rounds < 60; rounds++) {
      seqs.push(...(await write(writer, {id, times: 20})));
      largest = Math.max(largest, socket.bufferedBytes());
      if (largest > BUFFERED_BYTES_PAUSE) past++;
    }
    for (const reader of readers) await expectServed(reader, {id, seqs});
    expect(largest).toBeGreaterThan(BUFFERED_BYTES_PAUSE);
    expect(largest).toBeLessThan(BUFFERED_BYTES_PAUSE + LIVE_FRAME_BYTES_MAX);
    slow.ws.resume();
    await slow.reached(seqs.at(-1)!);
    expect(slow.shown(entity, id)).toEqual(readers[0]!.shown(entity, id));
  }, 120_000);

  test('a flood of frames waits at its sender', async () => {
    const stage = await setUp();
    const flooder = await stage.live.connect(await world.newMember(stage.manager, 'manager'), {
      keepFrames: false,
    });
    const socket = stage.live.sockets.at(-1)!;
    let largest = 0;
    await expectUnharmed(stage, async () => {
      const ping = encodeFrame({kind: 'ping', clock: 1});
      const junk = {entity, id: randomUUID(), generation: 0, bytes: Uint8Array.of(1, 1, 1, 1)};
      for (let count = 0; count < DEVICE_FRAMES_BURST + 5_000; count++) {
        if (count % 50 === 0) flooder.sendUpdates([junk]);
        else flooder.ws.send(ping);
        if (count % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
        largest = Math.max(largest, socket.bufferedBytes());
      }
    });
    expect(flooder.closed).toBeNull();
    expect(largest).toBeLessThan(BUFFERED_BYTES_PAUSE + LIVE_FRAME_BYTES_MAX);
  }, 120_000);

  test('a storm of connections that say nothing, half of it, or the wrong thing passes', async () => {
    const stage = await setUp();
    const {live} = stage;
    const strangers: LiveDevice[] = [];
    const halves: BareClient[] = [];
    const helloOf = (token: string): Uint8Array =>
      encodeFrame({
        kind: 'hello',
        version: 1,
        token,
        tenantId: null,
        deviceId: randomUUID(),
        clientId: 5,
        clock: 0,
        cursor: null,
      });
    await expectUnharmed(stage, async () => {
      for (let count = 0; count < 40; count++) {
        const headers = {[CALLER]: '203.0.113.9'};
        const opened = Array.from({length: 6}, () => new LiveDevice({url: live.url, headers}));
        strangers.push(...opened);
        await Promise.all(opened.map((device) => device.opened()));
        // The first goes on saying nothing.
        for (const device of opened.slice(1, 5)) device.ws.send(helloOf('no.good.token'));
        opened[5]?.ws.send(Uint8Array.of(200, 1));
        const half = new BareClient(live.port);
        half.tcp.write('GET /v1/sync/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n');
        halves.push(half);
      }
    });
    const refused = strangers.filter((_, at) => at % 6 !== 0);
    const codes = new Set<number>();
    for (const device of refused) codes.add((await device.ended()).code);
    // Unauthenticated; held off by then; no frame.
    expect([...codes].sort()).toEqual([4422, 4501, 4529]);
    for (const [at, device] of strangers.entries()) if (at % 6 === 0) device.ws.terminate();
    for (const half of halves) half.tcp.destroy();
  }, 120_000);

  test('a frame that never ends is waited for by nobody else', async () => {
    const stage = await setUp();
    await expectUnharmed(stage, async () => {
      const drips = await Promise.all(
        Array.from({length: 20}, () => new BareClient(stage.live.port).upgrade('/v1/sync/live')),
      );
      onTestFinished(() => drips.forEach(({tcp}) => tcp.destroy()));
      // A frame of 60,000 bytes, and a few of them.
      for (const {tcp} of drips) tcp.write(Buffer.from([0x82, 0xfe, 0xea, 0x60, 0, 0, 0, 0, 1, 2, 3]));
    });
  }, 120_000);

  test('a body that would grow a thousandfold is not unpacked', async () => {
    const stage = await setUp();
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, ' '));
    await expectUnharmed(stage, async () => {
      const response = await fetch(`http://127.0.0.1:${stage.live.port}/v1/tenants`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${stage.manager.token}`,
          'content-type': 'application/json',
          'content-encoding': 'gzip',
        },
        body: bomb,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({code: 'bad_json'});
    });
  }, 120_000);
});

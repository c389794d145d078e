// The unmodified y-websocket provider on `/v1/sync/yjs/:entity/:id`, over a real socket and a real database.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {WebSocket} from 'ws';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {Watched} from '../conformance/watch.ts';
import {growTask, memberOf} from '../support/compacted.ts';
import {startLive, type LiveServer} from '../support/live-world.ts';
import {createManualTimers} from '../support/manual-timers.ts';
import {createWorld, type Person, type World} from '../support/world.ts';
import {openProvider, type ProviderDevice} from '../support/yjs-provider.ts';

const entity = 'tasks';

describe.each(listTransportsUnderTest())('$kind', ({start}) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  const setUp = async () => {
    const live = await startLive(world, {start});
    const manager = await world.newManager();
    return {live, manager, id: randomUUID()};
  };
  const open = (
    live: LiveServer,
    person: Person,
    options: {id: string; doc?: Y.Doc},
  ): Promise<ProviderDevice> => openProvider({url: live.url, entity, person, ...options}).synced();
  /** The record as REST shows it. */
  const rowOf = async (person: Person, id: string): Promise<Record<string, unknown> | null> => {
    const item = await world.service.feed.readOne(await memberOf(world, person), {entity, id});
    return item === undefined
      ? null
      : (JSON.parse(new TextDecoder().decode(item.payload)) as Record<string, unknown>);
  };
  const conflictsOf = async (person: Person): Promise<{fields: unknown[]}[]> => {
    const {body} = await person.get('/v1/conflicts');
    return (body as {items: {fields: unknown[]}[]}).items;
  };

  // I33 of docs/reliability.md.
  test('two providers converge, and the row follows', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof', priority: 'high'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
    two.set({priority: 'urgent'});
    await one.shows('priority', 'urgent');
    expect(await rowOf(manager, id)).toMatchObject({title: 'Mend the roof', priority: 'urgent'});
    expect(Y.encodeStateVector(one.doc)).toEqual(Y.encodeStateVector(two.doc));
    expect(await conflictsOf(manager)).toEqual([]);
  });

  test('a concurrent overwrite is logged once, and both show the winner', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
    one.provider.disconnect();
    two.provider.disconnect();
    const at = Date.now();
    one.set({title: 'Mend the gutter'}, at - 2_000);
    two.set({title: 'Mend the chimney'}, at - 1_000);
    two.provider.connect();
    await two.synced();
    one.provider.connect();
    await one.shows('title', 'Mend the chimney');
    expect(two.shown('title')).toBe('Mend the chimney');
    const conflicts = await conflictsOf(manager);
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]?.fields).toMatchObject([
      {field: 'title', winner: {value: 'Mend the chimney'}, loser: {value: 'Mend the gutter'}},
    ]);
    // Coming back changes nothing and logs nothing.
    one.provider.disconnect();
    one.provider.connect();
    await one.synced();
    expect(await conflictsOf(manager)).toHaveLength(1);
  });

  test('an invalid value is refused, both show the old one, and later edits go on', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof', priority: 'high'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('priority', 'high');
    one.set({priority: 'whenever'});
    await one.shows('priority', 'high');
    one.set({title: 'Mend the gutter'});
    await two.shows('title', 'Mend the gutter');
    expect(two.shown('priority')).toBe('high');
    expect(one.closes).toEqual([]);
    expect(await rowOf(manager, id)).toMatchObject({priority: 'high', title: 'Mend the gutter'});
  });

  test('a record made field by field exists once its required fields are there', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({priority: 'high'});
    const two = await open(live, manager.onNewDevice(), {id});
    expect(await rowOf(manager, id)).toBeNull();
    one.set({title: 'Mend the roof'});
    await two.shows('title', 'Mend the roof');
    expect(two.shown('priority')).toBe('high');
    expect(one.closes).toEqual([]);
  });

  test('a map delete counts as writing null', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof', priority: 'high'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('priority', 'high');
    one.doc.getMap('fields').delete('priority');
    await two.shows('priority', null);
    await one.shows('priority', null);
    // A required field cannot be cleared: it comes back.
    one.doc.getMap('fields').delete('title');
    await one.shows('title', 'Mend the roof');
    expect(await rowOf(manager, id)).toMatchObject({title: 'Mend the roof', priority: null});
  });

  test('two people typing merge character by character', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
    one.text('notes').insert(0, 'Tiles are wet. ');
    await two.until(() => two.text('notes').length > 0);
    one.provider.disconnect();
    two.text('notes').insert(two.text('notes').length, 'Ladder is short.');
    one.text('notes').insert(0, 'Monday: ');
    one.provider.connect();
    const merged = 'Monday: Tiles are wet. Ladder is short.';
    await one.until(() => one.text('notes').toJSON() === merged);
    await two.until(() => two.text('notes').toJSON() === merged);
    expect(await rowOf(manager, id)).toMatchObject({notes: merged});
    expect(await conflictsOf(manager)).toEqual([]);
  });

  test('what was written offline arrives after a reconnect, and what was missed too', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
    one.provider.disconnect();
    one.set({priority: 'low'});
    one.set({priority: 'urgent'});
    two.set({status: 'in_progress'});
    const three = await open(live, manager.onNewDevice(), {id});
    await three.shows('status', 'in_progress');
    one.provider.connect();
    await one.shows('status', 'in_progress');
    await two.shows('priority', 'urgent');
    await three.shows('priority', 'urgent');
    expect(await conflictsOf(manager)).toEqual([]);
  });

  test('a provider is given nothing of others before the server has what it wrote', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof'});
    const other = await open(live, manager.onNewDevice(), {id});
    await other.shows('title', 'Mend the roof');
    const bare = openBareRoom(live.url, {id, person: manager.onNewDevice()});
    await bare.until(() => bare.ws.readyState === bare.ws.OPEN);
    bare.ws.send(syncMessage(STEP_1, Uint8Array.of(0)));
    await bare.until(() => bare.kinds().includes('sync 0'));
    // Changed meanwhile: not a word of it.
    one.set({priority: 'high'});
    await other.shows('priority', 'high');
    bare.ws.send(Uint8Array.of(3));
    await bare.until(() => bare.kinds().includes('awareness'));
    expect(bare.kinds()).toEqual(['sync 0', 'awareness']);
    bare.ws.send(syncMessage(STEP_2, Uint8Array.of(0, 0)));
    await bare.until(() => bare.kinds().includes('sync 1'));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, payloadOf(bare.frames[2]!));
    expect(doc.getMap('fields').toJSON()).toMatchObject({priority: [expect.any(Number), 'high']});
  });

  test('bytes that the guard refuses end the connection for good and harm nobody', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
    // A nested type: Yjs takes it, no record may hold it.
    one.doc.getMap('fields').set('extra', new Y.Map());
    await one.until(() => one.finalClose !== null);
    expect(one.finalClose?.code).toBe(4423);
    two.set({title: 'Mend the gutter'});
    const again = await open(live, manager, {id});
    await again.shows('title', 'Mend the gutter');
    expect(await rowOf(manager, id)).not.toHaveProperty('extra');
  });

  test('a compacted record: who had it before starts over, who took it after comes back', async () => {
    const {live, manager, id} = await setUp();
    const stale = await open(live, manager, {id});
    stale.set({title: 'Mend the roof'});
    await stale.until(() => stale.doc.store.clients.size > 0);
    const offline = await open(live, manager.onNewDevice(), {id});
    await offline.shows('title', 'Mend the roof');
    offline.provider.disconnect();
    await growTask(world, manager, id);
    // Told at once: what it goes on to write would not fit.
    await stale.until(() => stale.finalClose !== null);
    expect(stale.finalClose).toEqual({code: 4412, reason: 'reset_required'});
    offline.provider.connect();
    await offline.until(() => offline.finalClose !== null);
    expect(offline.finalClose?.code).toBe(4412);

    const fresh = await open(live, manager.onNewDevice(), {id});
    const notes = fresh.text('notes').toJSON();
    fresh.provider.disconnect();
    fresh.set({priority: 'urgent'});
    fresh.provider.connect();
    const other = await open(live, manager, {id});
    await other.shows('priority', 'urgent');
    expect(fresh.finalClose).toBeNull();
    expect(other.text('notes').toJSON()).toBe(notes);
  });

  // I23 of docs/reliability.md.
  test('an expired token closes retryably, and a fresh one in the same provider goes on', async () => {
    const timers = createManualTimers();
    const live = await startLive(world, {start, timers, service: {...world.service, now: timers.now}});
    const manager = await world.newManager();
    const id = randomUUID();
    const brief = await world.issuer.issue({...manager, expiresInSeconds: 5});
    const one = await open(live, {...manager, token: brief}, {id});
    one.set({title: 'Mend the roof'});
    one.provider.params['token'] = manager.token;
    // The token was made a little after the clock began to stand still.
    timers.pass(5_000 + 15_000 + 10_000);
    await one.until(() => one.closes.length > 0);
    expect(one.closes).toEqual([4502]);
    await one.synced();
    expect(one.finalClose).toBeNull();
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
  });

  test('awareness is not passed on, and a silent server still keeps its providers', async () => {
    const timers = createManualTimers();
    const live = await startLive(world, {start, timers, service: {...world.service, now: timers.now}});
    const manager = await world.newManager();
    const id = randomUUID();
    const one = await open(live, manager, {id});
    const two = await open(live, manager.onNewDevice(), {id});
    one.provider.awareness.setLocalStateField('user', {name: 'somebody else'});
    const heard = one.provider.wsLastMessageReceived;
    timers.pass(25_000);
    await new Promise<void>((resolve) =>
      one.provider.ws?.addEventListener('message', () => resolve(), {once: true}),
    );
    expect(one.provider.wsLastMessageReceived).toBeGreaterThanOrEqual(heard);
    expect([...two.provider.awareness.getStates().keys()]).toEqual([two.doc.clientID]);
  });

  // I19 of docs/reliability.md.
  test("another tenant's record reads as one that does not exist, and cannot be written to", async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof'});
    const two = await open(live, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
    const stranger = await world.newManager();
    const outside = await open(live, stranger, {id});
    expect(outside.doc.getMap('fields').size).toBe(0);
    outside.set({title: 'Taken over'});
    const own = await open(live, stranger.onNewDevice(), {id});
    await own.shows('title', 'Taken over');
    expect(await rowOf(manager, id)).toMatchObject({title: 'Mend the roof'});
    const intruder = await open(live, {...stranger, tenantId: manager.tenantId}, {id});
    expect(intruder.finalClose).toEqual({code: 4404, reason: 'no_membership'});
  });

  test.each([
    {name: 'no y-protocols at all', bytes: Uint8Array.of(9, 9, 9)},
    {name: 'nothing', bytes: new Uint8Array()},
    {name: 'a length past the end', bytes: Uint8Array.of(0, 2, 200, 1)},
    {name: 'a state vector with a false count', bytes: syncMessage(0, Uint8Array.of(99, 1))},
    {name: 'bytes after the message', bytes: Uint8Array.of(0, 2, 2, 0, 0, 7)},
  ])('a frame with $name ends the connection for good', async ({bytes}) => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.provider.ws?.send(bytes);
    await one.until(() => one.finalClose !== null);
    expect(one.finalClose).toEqual({code: 4422, reason: 'bad_frame'});
  });

  test('a draining server sends providers elsewhere, and nothing is lost', async () => {
    const {live, manager, id} = await setUp();
    const one = await open(live, manager, {id});
    one.set({title: 'Mend the roof'});
    await live.edge.drain();
    await one.until(() => one.closes.length > 0);
    expect(one.closes[0]).toBe(1012);
    const next = await startLive(world, {start});
    // What was under way when the socket closed is asked for again.
    one.provider.serverUrl = `${next.url}/v1/sync/yjs/${entity}`;
    await one.synced();
    const two = await open(next, manager.onNewDevice(), {id});
    await two.shows('title', 'Mend the roof');
  });
});

const STEP_1 = 0;
const STEP_2 = 1;

/** A room's socket without a provider: what comes is kept, nothing is answered. */
class BareRoom extends Watched {
  readonly ws: WebSocket;
  readonly frames: Buffer[] = [];

  constructor(url: string) {
    super();
    this.ws = new WebSocket(url);
    this.ws.on('open', () => this.changed());
    this.ws.on('message', (bytes: Buffer) => {
      this.frames.push(bytes);
      this.changed();
    });
  }

  kinds(): string[] {
    return this.frames.map((frame) => (frame[0] === 0 ? `sync ${frame[1]}` : 'awareness'));
  }
}

function openBareRoom(url: string, {id, person}: {id: string; person: Person}): BareRoom {
  const query = new URLSearchParams({
    token: person.token,
    tenant: person.tenantId ?? '',
    device: person.deviceId,
  });
  const room = new BareRoom(`${url}/v1/sync/yjs/${entity}/${id}?${query.toString()}`);
  onTestFinished(() => room.ws.terminate());
  return room;
}

/** The bytes of a sync message, behind its two kinds and their length. */
function payloadOf(frame: Uint8Array): Uint8Array {
  const decoder = decoding.createDecoder(new Uint8Array(frame));
  decoding.readVarUint(decoder);
  decoding.readVarUint(decoder);
  return decoding.readVarUint8Array(decoder);
}

function syncMessage(kind: number, bytes: Uint8Array): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, kind);
    encoding.writeVarUint8Array(encoder, bytes);
  });
}

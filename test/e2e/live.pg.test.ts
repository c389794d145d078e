// The live protocol over real sockets, a real database and real tokens, on every transport that loads here: edits
// travel, nothing is skipped, nothing is acknowledged before it is durable.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import * as Y from 'yjs';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {BUFFERED_BYTES_PAUSE, SOCKET_INFLIGHT_MAX} from '#crdt/protocol/limits.ts';
import {createService} from '#server/sync/service.ts';
import {listTransportsUnderTest} from '../conformance/transport-kinds.ts';
import {growTask, memberOf} from '../support/compacted.ts';
import {holdCommits} from '../support/held-commits.ts';
import {randomClientId, writeFields, type LiveDevice} from '../support/live-device.ts';
import {startLive} from '../support/live-world.ts';
import {craftSection, item, nested, register} from '../support/update-writer.ts';
import {createWorld, type Person, type World} from '../support/world.ts';

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
  const seqOf = async (device: LiveDevice, request: number): Promise<number> => {
    const [answer] = await device.answered(request);
    if (answer?.kind !== 'ack' || answer.seq === null) throw new Error(`Not acknowledged: ${answer?.kind}.`);
    return answer.seq;
  };
  /** The device holds every record of the tenant exactly as the server does. */
  const expectWhole = async (device: LiveDevice, person: Person): Promise<void> => {
    const member = await memberOf(world, person);
    const {items, to} = await world.service.feed.readPage(member, {after: 0, limit: 1_000});
    await device.reached(to);
    expect(device.holes).toBe(0);
    expect([...device.records.keys()].sort()).toEqual(
      items.map(({entity: name, id}) => `${name}/${id}`).sort(),
    );
    for (const {entity: name, id, generation, state} of items) {
      const copy = device.copyOf(name, id);
      const doc = new Y.Doc();
      Y.applyUpdate(doc, state);
      expect(copy.generation).toBe(generation);
      expect(copy.doc.getMap('fields').toJSON()).toEqual(doc.getMap('fields').toJSON());
      expect(Y.encodeStateVector(copy.doc)).toEqual(Y.encodeStateVector(doc));
    }
  };

  describe('edits travel', () => {
    test('an edit of one device is acknowledged and reaches another live', async () => {
      const {live, manager, id} = await setUp();
      const writer = await live.connect(manager);
      const reader = await live.connect(manager.onNewDevice());
      const [answer] = await writer.answered(writer.write(entity, id, {title: 'Mend the roof'}));
      expect(answer).toMatchObject({kind: 'ack', outcome: 'applied', conflicts: [], refused: []});
      await reader.reached((answer as {seq: number}).seq);
      expect(reader.shown(entity, id)).toMatchObject({title: 'Mend the roof'});
      expect(reader.frames.at(-1)).toMatchObject({kind: 'changes', records: [{content: 'deltas'}]});
    });

    test('a welcome says who one is, and its cursors work for REST too', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager, {clock: Date.now() - 86_400_000});
      expect(device.welcome).toMatchObject({tenantId: manager.tenantId, role: 'manager', position: 0});
      expect(device.welcome!.offset).toBeGreaterThan(86_390_000);
      await device.reached(await seqOf(device, device.write(entity, id, {title: 'Mend the roof'})));
      const {status, body} = await manager.get(`/v1/sync/pull?since=${device.cursor}`);
      expect({status, body: body}).toMatchObject({status: 200, body: {changes: []}});
    });

    test('updates of one frame go together, and few acks answer them', async () => {
      const {live, manager} = await setUp();
      const device = await live.connect(manager);
      const ids = Array.from({length: 50}, () => randomUUID());
      const request = device.sendUpdates(
        ids.map((id) => device.capture(entity, id, (doc) => writeFields(doc, {title: 'Mend the roof'}))),
      );
      const answers = await device.answered(request, ids.length);
      expect(answers.every(({kind}) => kind === 'ack')).toBe(true);
      expect(device.frames.filter(({kind}) => kind === 'ack').length).toBeLessThanOrEqual(5);
      await expectWhole(device, manager);
    });

    test('a sent again update changes nothing and is acknowledged', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      const update = device.capture(entity, id, (doc) => writeFields(doc, {title: 'Mend the roof'}));
      await device.answered(device.sendUpdates([update]));
      const [again] = await device.answered(device.sendUpdates([update]));
      expect(again).toMatchObject({kind: 'ack', outcome: 'unchanged', seq: null});
    });

    test('one record can be compared with the server', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      await device.answered(device.write(entity, id, {title: 'Mend the roof'}));
      const stateVector = Uint8Array.of(0);
      device.send({kind: 'sync-step-1', request: 9, entity, id, generation: 0, stateVector});
      const {request, record} = await device.nextOf('sync-step-2');
      const doc = new Y.Doc();
      Y.applyUpdate(doc, record!.update);
      expect(request).toBe(9);
      expect(doc.getMap('fields').toJSON()).toMatchObject({title: [expect.any(Number), 'Mend the roof']});
      expect(record!.stateVector).toEqual(Y.encodeStateVector(device.copyOf(entity, id).doc));
    });
  });

  describe('catching up', () => {
    const makeTasks = async (device: LiveDevice, count: number): Promise<void> => {
      const updates = Array.from({length: count}, (_, index) =>
        device.capture(entity, randomUUID(), (doc) => writeFields(doc, {title: `Task ${index}`})),
      );
      await device.answered(device.sendUpdates(updates), count);
    };

    test('everything comes in linked pages, and from a cursor only what is new', async () => {
      const {live, manager} = await setUp();
      const writer = await live.connect(manager);
      for (let round = 0; round < 3; round++) await makeTasks(writer, 100);
      const person = manager.onNewDevice();
      const reader = await live.connect(person);
      await expectWhole(reader, manager);
      const pages = reader.frames.filter((frame) => frame.kind === 'changes');
      expect(pages.length).toBeGreaterThan(1);
      expect(pages.every(({from, to}, index) => from <= (pages[index - 1]?.to ?? 0) && to > from)).toBe(true);
      const {cursor, records} = reader;
      reader.close();
      await makeTasks(writer, 3);
      const back = await live.connect(person, {cursor, records});
      await expectWhole(back, manager);
      const again = back.frames.filter((frame) => frame.kind === 'changes');
      expect(again.flatMap((frame) => frame.records)).toHaveLength(3);
    });

    // I7 of docs/reliability.md.
    test('no gap under concurrent writes, whoever comes, goes and comes back', async () => {
      const {live, manager} = await setUp();
      const writers = await Promise.all([1, 2, 3].map(() => live.connect(manager.onNewDevice())));
      const ids = Array.from({length: 12}, () => randomUUID());
      await Promise.all(ids.map((id) => writers[0]!.answered(writers[0]!.write(entity, id, {title: 'New'}))));
      const write = async (writer: LiveDevice, rounds: number): Promise<void> => {
        for (let round = 0; round < rounds; round++) {
          const id = ids[(round * 7) % ids.length]!;
          await writer.answered(writer.write(entity, id, {title: `Round ${round}`, priority: 'high'}));
        }
      };
      const read = async (): Promise<{device: LiveDevice; person: Person}> => {
        const person = manager.onNewDevice();
        let device = await live.connect(person);
        for (let visit = 0; visit < 5; visit++) {
          await device.reached(device.position + 3);
          device.close();
          const {cursor, records} = device;
          device = await live.connect(person, {cursor, records});
        }
        return {device, person};
      };
      const writing = Promise.all(writers.map((writer) => write(writer, 60)));
      const readers = await Promise.all([
        read(),
        read(),
        read(),
        live.connect(manager).then((device) => ({device, person: manager})),
      ]);
      await writing;
      for (const {device, person} of readers) await expectWhole(device, person);
      for (const writer of writers) await expectWhole(writer, manager);
    });

    test('commits of another node are read from the feed as soon as one of this node shows the hole', async () => {
      const {live, manager, id} = await setUp();
      const reader = await live.connect(manager);
      const other = await createService({
        pool: world.database.database.pool,
        keyring: world.service.keyring,
        now: Date.now,
        onFault: () => undefined,
      });
      const elsewhere = await startLive({...world, service: other}, {start});
      const far = await elsewhere.connect(manager.onNewDevice());
      await far.answered(far.write(entity, id, {title: 'Written elsewhere'}));
      const near = await live.connect(manager.onNewDevice());
      await reader.reached(await seqOf(near, near.write(entity, randomUUID(), {title: 'Written here'})));
      expect(reader.shown(entity, id)).toMatchObject({title: 'Written elsewhere'});
      await expectWhole(reader, manager);
    });
  });

  describe('durability', () => {
    // I2 of docs/reliability.md.
    test('nothing is acknowledged or shown while a commit waits', async () => {
      const {live, manager, id} = await setUp();
      const writer = await live.connect(manager);
      const reader = await live.connect(manager.onNewDevice());
      await reader.reached(await seqOf(writer, writer.write(entity, id, {title: 'Mend the roof'})));
      const held = await holdCommits(world.database.owner, manager.tenantId);
      const before = [writer.frames.length, reader.frames.length];
      const request = writer.write(entity, id, {title: 'Mend the gutter'});
      await held.waiting();
      // A round trip of each connection: what was sent before it would have come.
      for (const device of [writer, reader]) device.send({kind: 'ping', clock: 1});
      for (const device of [writer, reader]) await device.nextOf('pong');
      expect([writer.frames.length, reader.frames.length]).toEqual(before.map((count) => count + 1));
      await held.release();
      await reader.reached(await seqOf(writer, request));
      expect(reader.shown(entity, id)).toMatchObject({title: 'Mend the gutter'});
    });

    test('past its bound of unanswered frames a socket is not read, and then everything is answered', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      // A device's first contact is a commit too.
      const other = await live.connect(manager.onNewDevice());
      await device.answered(device.write(entity, id, {title: 'Begin'}));
      const held = await holdCommits(world.database.owner, manager.tenantId);
      const requests = Array.from({length: SOCKET_INFLIGHT_MAX * 2}, (_, index) =>
        device.write(entity, id, {title: `Title ${index}`}),
      );
      await held.waiting();
      const member = await memberOf(world, manager);
      other.send({kind: 'ping', clock: 1});
      await other.nextOf('pong');
      expect(world.service.lanes.depth(member.tenantId)).toBeLessThanOrEqual(SOCKET_INFLIGHT_MAX);
      await held.release();
      for (const request of requests) expect(await device.answered(request)).toMatchObject([{kind: 'ack'}]);
      await expectWhole(device, manager);
    });

    test('what an overloaded server gives back is neither acknowledged nor rejected', async () => {
      const {manager, id} = await setUp();
      const submit = () => Promise.reject(new SyncError('overloaded'));
      const service = {...world.service, lanes: {...world.service.lanes, submit}};
      const live = await startLive(world, {start, service});
      const device = await live.connect(manager);
      const [answer] = await device.answered(device.write(entity, id, {title: 'Mend the roof'}));
      expect(answer).toMatchObject({kind: 'retry', code: 'overloaded', afterMs: 1_000});
      expect(device.closed).toBeNull();
    });
  });

  describe('refusals', () => {
    test('bytes that the guard refuses are rejected with the current state, and the next update goes on', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      await device.answered(device.write(entity, id, {title: 'Mend the roof'}));
      const bytes = craftSection(device.clientId, 1, item({root: 'fields', key: 'extra'}, nested(1)));
      const [answer] = await device.answered(device.sendUpdates([{entity, id, generation: 0, bytes}]));
      expect(answer).toMatchObject({kind: 'reject', code: 'update_bad_content', seq: null});
      const foreign = craftSection(randomClientId(), 0, register('priority', 'high'));
      const other = await live.connect(manager.onNewDevice());
      const ask = other.sendUpdates([{entity, id, generation: 0, bytes: foreign}]);
      expect(await other.answered(ask)).toMatchObject([{kind: 'ack'}]);
      // The id is the other device's from now on.
      const [taken] = await device.answered(
        device.sendUpdates([{entity, id, generation: 0, bytes: foreignNext(foreign)}]),
      );
      expect(taken).toMatchObject({kind: 'reject', code: 'update_foreign_client', current: {kind: 'state'}});
      const doc = new Y.Doc();
      if (taken?.kind === 'reject' && taken.current.kind === 'state') Y.applyUpdate(doc, taken.current.state);
      expect(doc.getMap('fields').toJSON()).toMatchObject({title: [expect.any(Number), 'Mend the roof']});
      expect(await device.answered(device.write(entity, id, {priority: 'low'}))).toMatchObject([
        {kind: 'ack'},
      ]);
    });

    test('a bad update leaves the others of its frame alone', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      const good = device.capture(entity, id, (doc) => writeFields(doc, {title: 'Mend the roof'}));
      const request = device.sendUpdates([
        {...good, entity: 'planets'},
        {...good, bytes: Uint8Array.of(9, 9)},
        good,
        {...good, entity: 'clients'},
      ]);
      expect(await device.answered(request, 4)).toMatchObject([
        {kind: 'reject', code: 'unknown_entity'},
        {kind: 'reject', code: 'update_malformed', current: {kind: 'ask'}},
        {kind: 'ack', outcome: 'applied'},
        {kind: 'reject', code: 'required_field', current: {kind: 'none'}},
      ]);
    });

    test('an invalid value is refused by field, and the old one comes back live', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      await device.answered(device.write(entity, id, {title: 'Mend the roof', priority: 'high'}));
      const [answer] = await device.answered(
        device.write(entity, id, {title: 'Mend it', priority: 'whenever'}),
      );
      expect(answer).toMatchObject({kind: 'ack', refused: [{field: 'priority', code: 'invalid_value'}]});
      await device.reached((answer as {seq: number}).seq);
      expect(device.shown(entity, id)).toMatchObject({title: 'Mend it', priority: 'high'});
      const [only] = await device.answered(device.write(entity, id, {priority: 'whenever'}));
      expect(only).toMatchObject({kind: 'reject', code: 'invalid_value', seq: expect.any(Number) as number});
    });

    test('an update that builds on what the server lacks is answered with what it has', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      const first = device.capture(entity, id, (doc) => writeFields(doc, {title: 'Mend the roof'}));
      const second = device.capture(entity, id, (doc) => writeFields(doc, {title: 'Mend the gutter'}));
      const [need] = await device.answered(device.sendUpdates([second]));
      expect(need).toMatchObject({kind: 'need', generation: 0, stateVector: Uint8Array.of(0)});
      const rest = Y.encodeStateAsUpdate(
        device.copyOf(entity, id).doc,
        need?.kind === 'need' ? need.stateVector : undefined,
      );
      const [answer] = await device.answered(device.sendUpdates([{...first, bytes: rest}]));
      expect(answer).toMatchObject({kind: 'ack', outcome: 'applied'});
    });

    test('an update of an older generation is answered with the state of the new one', async () => {
      const {live, manager, id} = await setUp();
      const device = await live.connect(manager);
      await device.answered(device.write(entity, id, {title: 'Mend the roof'}));
      const stale = device.capture(entity, id, (doc) => writeFields(doc, {priority: 'urgent'}));
      const generation = await growTask(world, manager, id);
      const [answer] = await device.answered(device.sendUpdates([stale]));
      expect(answer).toMatchObject({
        kind: 'reject',
        code: 'reset_required',
        current: {kind: 'state', generation},
      });
      await device.until(() => device.copyOf(entity, id).generation === generation);
      expect(await device.answered(device.write(entity, id, {priority: 'urgent'}))).toMatchObject([
        {kind: 'ack', outcome: 'applied'},
      ]);
      await expectWhole(device, manager);
    });

    // I19 of docs/reliability.md.
    test("another tenant's record reads as none and is not touched", async () => {
      const {live, manager, id} = await setUp();
      const owner = await live.connect(manager);
      await owner.answered(owner.write(entity, id, {title: 'Mend the roof'}));
      const stranger = await world.newManager();
      const device = await live.connect(stranger);
      const stateVector = Uint8Array.of(0);
      device.send({kind: 'sync-step-1', request: 1, entity, id, generation: 0, stateVector});
      expect(await device.nextOf('sync-step-2')).toMatchObject({record: null});
      const answer = await device.answered(device.write(entity, id, {title: 'Mine now'}));
      expect(answer).toMatchObject([{kind: 'ack', outcome: 'applied'}]);
      expect(device.records.size).toBe(1);
      await expectWhole(owner, manager);
      expect(owner.shown(entity, id)).toMatchObject({title: 'Mend the roof'});
    });
  });

  describe('conflicts', () => {
    test('the author learns in the ack, managers live, employees nothing', async () => {
      const {live, manager, id} = await setUp();
      const one = await live.connect(manager.onNewDevice());
      const two = await live.connect(manager.onNewDevice());
      const watching = await live.connect(manager);
      const assignee = await world.newMember(manager, 'employee');
      const {employeeId} = await memberOf(world, assignee);
      const employee = await live.connect(assignee);
      const at = Date.now();
      await two.reached(
        await seqOf(one, one.write(entity, id, {title: 'Mend the roof', employeeId}, at - 9_000)),
      );
      // Both edited before either heard of the other.
      const edits = [one, two].map((device, index) =>
        device.capture(entity, id, (doc) =>
          writeFields(doc, {title: `By ${index}`}, at - 6_000 + index * 3_000),
        ),
      );
      await one.answered(one.sendUpdates([edits[0]!]));
      const [answer] = await two.answered(two.sendUpdates([edits[1]!]));
      expect(answer).toMatchObject({kind: 'ack', conflicts: [{fields: ['title']}]});
      const {conflicts, more} = await watching.nextOf('conflict');
      expect(more).toBe(false);
      expect(conflicts).toMatchObject([
        {id, entity, key: 'title', entries: [{winner: {value: 'By 1'}, loser: {value: 'By 0'}}]},
      ]);
      expect(answer).toMatchObject({conflicts: [{id: conflicts[0]?.conflictId}]});
      await employee.reached((answer as {seq: number}).seq);
      expect(employee.frames.some(({kind}) => kind === 'conflict')).toBe(false);
      await expectWhole(one, manager);
    });
  });

  describe('slow receivers', () => {
    /** Live deltas of some ten kilobytes each, up to some megabytes more than systems buffer on their own. */
    const flood = async (writer: LiveDevice, id: string, until: () => boolean): Promise<void> => {
      for (let round = 0; round < 400 && !until(); round++) {
        const update = writer.capture(entity, id, (doc) => {
          const notes = doc.getText('text:notes');
          notes.delete(0, notes.length);
          notes.insert(0, `${round} `.repeat(9_000));
        });
        expect(await writer.answered(writer.sendUpdates([update]))).toMatchObject([{kind: 'ack'}]);
      }
    };

    // I29 of docs/reliability.md.
    test('one that stops reading is sent nothing more, and is whole again once it reads', async () => {
      const {live, manager, id} = await setUp();
      const writer = await live.connect(manager);
      await writer.answered(writer.write(entity, id, {title: 'Mend the roof'}));
      const slow = await live.connect(manager.onNewDevice(), {keepFrames: false});
      const socket = live.sockets.at(-1)!;
      slow.ws.pause();
      let largest = 0;
      let roundsPast = 0;
      await flood(writer, id, () => {
        largest = Math.max(largest, socket.bufferedBytes());
        if (largest > BUFFERED_BYTES_PAUSE) roundsPast++;
        return roundsPast > 60;
      });
      expect(largest).toBeGreaterThan(BUFFERED_BYTES_PAUSE);
      expect(largest).toBeLessThan(BUFFERED_BYTES_PAUSE + 512 * 1024);
      slow.ws.resume();
      await slow.until(() => slow.caughtUps > 1);
      await expectWhole(slow, manager);
    }, 60_000);
  });

  /** The second write of the client that wrote a one-item update. */
  const foreignNext = (update: Uint8Array): Uint8Array => {
    const [client] = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(update)).keys();
    return craftSection(client ?? 0, 1, register('dueAt', null));
  };
});

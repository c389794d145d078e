// Hands what devices send to the server and to the oracle, and has the two compared.
import type {Applied} from '#crdt/change.ts';
import type {Arrival} from './arrival.ts';
import {
  compareConflicts,
  compareRefused,
  describe,
  expectNoBeginning,
  expectNothing,
  namedIn,
} from './compare.ts';
import {bundle, type Device, type Packet} from './device.ts';
import {adopt} from './editing.ts';
import {checkFields, type AnyDevice, type History} from './history.ts';
import type {JsonDevice, JsonPush} from './json-device.ts';
import {expectMerge, hasBegun, isAllowed, lacking} from './oracle.ts';
import type {Delivery, Reply} from './server.ts';

const actorOf = (device: AnyDevice): Delivery['actor'] => ({
  userId: `user-of-${device.id}`,
  deviceId: device.id,
  role: device.employee ? 'employee' : 'manager',
  employeeId: null,
});

/**
 * Sends packets as one update and answers what the server said. isWhole: they include everything not yet
 * acknowledged, so that the server must not miss anything.
 */
export async function sendPackets(
  history: History,
  device: Device,
  {packets, isWhole}: {packets: readonly Packet[]; isWhole: boolean},
): Promise<'done' | 'need' | 'reset' | 'refused'> {
  const {server, oracle, tally} = history;
  const entryDeletes = [];
  for (const {entryDeletes: removed} of packets) {
    for (const {key, shown, item} of removed) {
      const spec = oracle.specs.get(key);
      const live =
        spec !== undefined && hasBegun(oracle) && (await server.shows(spec.root, spec.entry, item));
      entryDeletes.push({key, shown, live});
    }
  }
  const now = history.tick();
  const {generation, clients: ownClients} = device;
  const reply = await server.submit({
    actor: actorOf(device),
    offset: device.offset,
    now,
    change: {kind: 'update', generation, bytes: bundle(device, packets), ownClients},
  });
  if (reply.outcome.kind === 'reset') {
    tally.resets++;
    return 'reset';
  }
  if (reply.outcome.kind === 'need') {
    tally.needs++;
    if (isWhole) throw new Error(`the server misses something although ${device.id} sent everything`);
    return 'need';
  }
  const arrival: Arrival = {
    ...arrivalOf(device, {now, reply}),
    path: 'yjs',
    writes: packets.flatMap(({writes}) => writes),
    entryDeletes,
    texts: packets.flatMap(({texts}) => texts),
    shownDelete: null,
  };
  const missing = hasBegun(oracle) ? [] : lacking(oracle, arrival);
  if (missing.length > 0) {
    tally.refused++;
    expectNoBeginning(reply, reply.outcome, missing);
    return 'refused';
  }
  const isRepeat = packets.every((packet) => history.arrived.has(packet));
  for (const packet of packets) history.arrived.add(packet);
  if (isRepeat) {
    tally.redelivered++;
    expectNothing(reply, reply.outcome);
  }
  await settle(history, arrival, reply.outcome);
  return 'done';
}

/** A packet of an older generation that the network kept: the device is told to start over. */
export async function sendStale(
  history: History,
  device: Device,
  {generation, packet}: {generation: number; packet: Packet},
): Promise<void> {
  const {clients: ownClients, offset} = device;
  const change = {kind: 'update' as const, generation, bytes: packet.bytes, ownClients};
  const reply = await history.server.submit({actor: actorOf(device), offset, now: history.tick(), change});
  if (reply.outcome.kind !== 'reset') throw new Error(`an old generation was answered ${reply.outcome.kind}`);
  await checkFields(history);
}

export async function sendPush(history: History, device: JsonDevice, push: JsonPush): Promise<void> {
  const {server, oracle, tally} = history;
  const now = history.tick();
  const {op, changeId, at, base, payload} = push;
  const delivery: Delivery = {
    actor: actorOf(device),
    offset: device.offset,
    now,
    change: {kind: 'json', op, changeId, at, base, payload},
  };
  const reply = await server.submit(delivery);
  const {outcome} = reply;
  if (outcome.kind !== 'done') throw new Error(`a JSON change was answered ${outcome.kind}`);
  const first = history.answers.get(changeId);
  if (first !== undefined) {
    tally.redelivered++;
    if (describe([first.seq, first.outcome]) !== describe([reply.seq, outcome])) {
      throw new Error('a repeated change was answered differently, or applied again');
    }
    await checkFields(history);
    return;
  }
  history.answers.set(changeId, reply);
  const {writes, texts, shownDelete} = push;
  const entryDeletes: Arrival['entryDeletes'] = [];
  const arrival: Arrival = {
    ...arrivalOf(device, {now, reply}),
    path: 'json',
    writes,
    entryDeletes,
    texts,
    shownDelete,
  };
  if (!isAllowed(oracle, arrival)) {
    tally.refused++;
    if (outcome.status !== 'rejected' || outcome.changed) throw new Error('a forbidden change was applied');
    await checkFields(history);
    return;
  }
  if (outcome.status === 'rejected') {
    throw new Error(`an allowed change was rejected: ${JSON.stringify(outcome.error)}`);
  }
  await settle(history, arrival, outcome);
}

const arrivalOf = (
  device: AnyDevice,
  {now, reply}: {now: number; reply: Reply},
): Pick<Arrival, 'device' | 'employee' | 'offset' | 'now' | 'seq'> => ({
  device: device.id,
  employee: device.employee,
  offset: device.offset,
  now,
  seq: reply.seq ?? 0,
});

async function settle(history: History, arrival: Arrival, outcome: Applied): Promise<void> {
  const {oracle, tally} = history;
  const expected = expectMerge(oracle, arrival, (sides) => namedIn(outcome.conflicts, sides));
  tally.merges++;
  tally.conflicts += expected.conflicts.length;
  tally.refused += expected.refused.length;
  compareConflicts(outcome.conflicts, expected.conflicts);
  compareRefused(outcome.refused, expected.refused);
  if (outcome.valuesLost > 0) throw new Error('a value was lost');
  await checkFields(history);
}

/** Takes the server's document of another generation and writes again what was not acknowledged. */
export async function startOver(history: History, device: Device): Promise<void> {
  await history.server.commit();
  adopt(device, await history.server.whole(), {
    clientId: history.mintClient(),
    nextAt: () => history.stamp(device),
  });
}

// Hands what devices send to the server and to the oracle, and compares what the two make of it.
import type {Applied, ConflictSide, NewConflict} from '#crdt/change.ts';
import {adopt, bundle, type Device, type Packet} from './device.ts';
import {checkFields, type AnyDevice, type History} from './history.ts';
import type {JsonDevice, JsonPush} from './json-device.ts';
import {
  DELETED_AT,
  expectMerge,
  isAllowed,
  isSame,
  type Arrival,
  type ExpectedConflict,
  type Side,
} from './oracle.ts';
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
): Promise<'done' | 'need' | 'reset'> {
  const {server, tally} = history;
  const entryDeletes = [];
  for (const {entryDeletes: removed} of packets) {
    for (const {key, shown, item} of removed) {
      const spec = history.oracle.specs.get(key);
      const live = spec !== undefined && (await server.shows(spec.root, spec.entry, item));
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
  const isRepeat = packets.every((packet) => history.arrived.has(packet));
  for (const packet of packets) history.arrived.add(packet);
  if (isRepeat) expectNothing(reply, reply.outcome);
  const arrival: Arrival = {
    ...arrivalOf(device, {now, reply}),
    path: 'yjs',
    writes: packets.flatMap(({writes}) => writes),
    entryDeletes,
    texts: packets.flatMap(({texts}) => texts),
    shownDelete: null,
  };
  if (isRepeat) tally.redelivered++;
  await settle(history, arrival, reply.outcome);
  return 'done';
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

function expectNothing(reply: Reply, outcome: Applied): void {
  const isQuiet =
    outcome.status === 'unchanged' && !outcome.changed && outcome.delta === null && reply.seq === null;
  if (!isQuiet) throw new Error(`a repeated update was ${outcome.status}`);
}

async function settle(history: History, arrival: Arrival, outcome: Applied): Promise<void> {
  const {oracle, tally} = history;
  const expected = expectMerge(oracle, arrival, (sides) => namedIn(outcome.conflicts, sides));
  tally.merges++;
  tally.conflicts += expected.conflicts.length;
  tally.refused += expected.refused.length;
  compareConflicts(outcome.conflicts, expected.conflicts);
  const list = (refused: readonly string[]): string => [...new Set(refused)].sort().join();
  const refused = list(
    outcome.refused.map(({field, code}) => `${code === 'frozen' ? field.split('/')[0] : field}:${code}`),
  );
  const toRefuse = list(expected.refused.map(({key, code}) => `${key}:${code}`));
  if (refused !== toRefuse) throw new Error(`refused [${refused}], expected [${toRefuse}]`);
  if (outcome.valuesLost > 0) throw new Error('a value was lost');
  await checkFields(history);
}

/** Which of equally late writes the server named as the one that keeps the record. */
function namedIn(conflicts: readonly NewConflict[], sides: readonly Side[]): number {
  const winners = conflicts.filter(({key}) => key === DELETED_AT).map(({entries}) => entries[0]?.winner);
  const index = sides.findIndex((side) =>
    winners.some((winner) => winner !== undefined && isSide(winner, side)),
  );
  return Math.max(0, index);
}

const isSide = (actual: ConflictSide, side: Side): boolean =>
  actual.field === side.key &&
  actual.device === side.device &&
  actual.eff === side.eff &&
  isSame(side.key, actual.value, side.value);

function compareConflicts(actual: readonly NewConflict[], expected: readonly ExpectedConflict[]): void {
  const left = [...actual];
  for (const conflict of expected) {
    const index = left.findIndex((found) => isConflict(found, conflict));
    if (index < 0) throw new Error(`conflict missing: ${describe(conflict)}; logged: ${describe(actual)}`);
    left.splice(index, 1);
  }
  if (left.length > 0) throw new Error(`false conflict: ${describe(left)}; expected: ${describe(expected)}`);
}

function isConflict({key, entries}: NewConflict, expected: ExpectedConflict): boolean {
  if (key !== expected.key || entries.length !== (expected.anyLoser ? 1 : expected.losers.length))
    return false;
  const [first] = entries;
  const winner = expected.winner.find((side) => first !== undefined && isSide(first.winner, side));
  if (winner === undefined || !entries.every((entry) => isSide(entry.winner, winner))) return false;
  const losers = [...expected.losers];
  return entries.every(({loser, base}) => {
    const index = losers.findIndex((side) => isSide(loser, side));
    losers.splice(index, 1);
    // Where a common base is named, it must be the true one.
    const isTrueBase = base === undefined || key === DELETED_AT || isSame(key, base, expected.base ?? null);
    return index >= 0 && isTrueBase;
  });
}

const describe = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? [...part] : part));

/** Takes the server's document of another generation and writes again what was not acknowledged. */
export async function startOver(history: History, device: Device): Promise<void> {
  await history.server.commit();
  adopt(device, await history.server.whole(), {
    clientId: history.mintClient(),
    nextAt: () => history.stamp(device),
  });
}

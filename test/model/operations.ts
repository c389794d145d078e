// The operations that histories are made of. Each is a kind and three numbers, so that any list of them is
// a history and any of them can be left out.
import {sendPackets, sendPush, startOver} from './arrivals.ts';
import {edit, hasUnsent, restart, showsDeleted, type Device, type Packet} from './device.ts';
import {receive, receivePull, receiveWhole, type AnyDevice, type History} from './history.ts';
import {jsonShowsDeleted, pushDeleted, pushEdit, type JsonDevice} from './json-device.ts';
import type {KeySpec, Sample} from './vocabulary.ts';

const DAY_MS = 86_400_000;

export const operationKinds = {
  write: 30,
  writeSeveral: 6,
  text: 5,
  removeEntry: 4,
  deleteRecord: 4,
  send: 12,
  sendAgain: 6,
  receive: 8,
  connection: 8,
  restart: 4,
  skew: 4,
  serverRestart: 2,
  compact: 1,
} as const;

export type OperationKind = keyof typeof operationKinds;

export interface Operation {
  readonly kind: OperationKind;
  /** Which device. */
  readonly by: number;
  /** Which key, and which value. */
  readonly what: number;
  readonly how: number;
  /** Seeds what is left to chance within it, so that leaving another operation out changes nothing here. */
  readonly dice: number;
}

const pick = <T>(list: readonly T[], index: number): T => {
  const chosen = list[index % list.length];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
};

const specAt = (history: History, what: number): KeySpec => pick(history.vocabulary.keys, what);
const sampleAt = (spec: KeySpec, how: number): Sample => pick(spec.samples, how);

/** The record is made by the first device; then everyone has it. */
export async function begin(history: History): Promise<void> {
  const {devices, vocabulary} = history;
  const [maker] = devices;
  if (maker?.kind !== 'yjs') throw new Error('the first device makes the record, with Yjs');
  history.tick();
  edit(maker, (session) => {
    for (const [field, value] of Object.entries(vocabulary.initial)) {
      const spec = vocabulary.keys.find(({key}) => key === field);
      if (spec !== undefined) session.set(spec, {raw: value, normal: value}, history.stamp(maker));
      else throw new Error(`not a key: ${field}`);
    }
  });
  await deliverAll(history, maker);
  await spread(history, () => true);
}

export async function perform(history: History, operation: Operation): Promise<void> {
  const device = pick(history.devices, operation.by);
  history.rollAgain(operation.dice);
  await act(history, device, operation);
  if (history.random(3) > 0) await spread(history, ({online}) => online && history.random(3) > 0);
}

/** Commits, and lets devices have what is committed. */
async function spread(history: History, who: (device: AnyDevice) => boolean): Promise<void> {
  await history.server.commit();
  for (const device of history.devices) {
    if (!who(device)) continue;
    if (device.kind === 'json') await receivePull(history, device);
    else if (!(await receive(history, device))) await startOver(history, device);
  }
}

async function act(history: History, device: AnyDevice, operation: Operation): Promise<void> {
  const {how, what} = operation;
  switch (operation.kind) {
    case 'connection':
      device.online = !device.online;
      if (device.online) await reconnect(history, device, how);
      break;
    case 'send':
      if (device.online) await send(history, device, how);
      break;
    case 'sendAgain':
      if (device.online) await sendAgain(history, device, {what, how});
      break;
    case 'receive':
      await history.server.commit();
      if (device.online) await catchUp(history, device, how % 2 === 0);
      break;
    case 'restart':
      if (device.kind === 'yjs') restart(device, history.mintClient());
      break;
    case 'skew':
      device.skew = history.random(2 * DAY_MS) - DAY_MS;
      // Measured well, not at all, or before the clock was set.
      if (how % 4 < 2) device.offset = -device.skew;
      else if (how % 4 === 2) device.offset = 0;
      break;
    case 'serverRestart':
      await history.server.restart();
      break;
    case 'compact':
      await history.server.compact();
      break;
    case 'write':
    case 'writeSeveral':
    case 'text':
    case 'removeEntry':
    case 'deleteRecord':
      if (device.kind === 'json') editJson(history, device, operation);
      else editYjs(history, device, operation);
      if (device.online && history.random(3) > 0) await send(history, device, how);
  }
}

function editYjs(history: History, device: Device, {kind, what, how}: Operation): void {
  const spec = specAt(history, what);
  const at = (): number => history.stamp(device);
  switch (kind) {
    case 'write':
      edit(device, (session) => session.set(spec, sampleAt(spec, how), at()));
      break;
    case 'writeSeveral':
      edit(device, (session) => {
        for (let next = 0; next < 3; next++) {
          const other = specAt(history, what + next * 2);
          session.set(other, sampleAt(other, how + next), at());
        }
      });
      break;
    case 'text':
      editText(history, device, {what, how});
      break;
    case 'removeEntry':
      // Of a value of its own that is not sent yet, a merged update would say only half.
      if (!hasUnsent(device, spec.key)) edit(device, (session) => session.remove(spec));
      break;
    case 'deleteRecord': {
      const seen = pick(['cursor', 'cursor', 'vector', 'nothing'] as const, how);
      edit(device, (session) => session.setDeleted(!showsDeleted(device), at(), seen));
      break;
    }
    default:
      break;
  }
}

function editText(history: History, device: Device, {what, how}: {what: number; how: number}): void {
  const {employeeWrites, texts} = history.vocabulary;
  const field = pick(texts, what);
  const mayDelete = !device.employee || employeeWrites.includes(field);
  edit(device, (session) => {
    if (mayDelete && how % 3 === 0) session.deleteText(field, what, 1 + (how % 5));
    else session.insertText(field, `${String.fromCharCode(97 + (how % 26))}${what % 10}`, what);
  });
}

function editJson(history: History, device: JsonDevice, {kind, what, how}: Operation): void {
  const spec = specAt(history, what);
  const at = history.stamp(device);
  const edits = [{spec, sample: sampleAt(spec, how)}];
  switch (kind) {
    case 'writeSeveral': {
      const other = specAt(history, what + 1);
      pushEdit(device, [...edits, {spec: other, sample: sampleAt(other, how + 1)}], {at, append: null});
      break;
    }
    case 'text':
      pushEdit(device, [], {
        at,
        append: {field: pick(history.vocabulary.texts, what), text: `-${how % 100}`},
      });
      break;
    case 'deleteRecord':
      pushDeleted(device, !jsonShowsDeleted(device), at);
      break;
    default:
      pushEdit(device, edits, {at, append: null});
  }
}

/** After an offline spell some devices send first, some catch up first. */
async function reconnect(history: History, device: AnyDevice, how: number): Promise<void> {
  if (how % 2 === 0) await send(history, device, how >> 1);
  await history.server.commit();
  await catchUp(history, device, how % 3 > 0);
  if (how % 2 === 1) await send(history, device, how >> 1);
}

async function catchUp(history: History, device: AnyDevice, byFeed: boolean): Promise<void> {
  if (device.kind === 'json') {
    await receivePull(history, device);
  } else {
    const isCurrent = await (byFeed ? receive(history, device) : receiveWhole(history, device));
    if (!isCurrent) await startOver(history, device);
  }
}

async function send(history: History, device: AnyDevice, how: number): Promise<void> {
  const isAnswerLost = history.random(5) === 0;
  if (device.kind === 'json') {
    const [push] = device.outbox;
    if (push === undefined) return;
    await sendPush(history, device, push);
    device.sent.push(push);
    if (!isAnswerLost) device.outbox.shift();
    return;
  }
  const packets = choosePackets(history, device, how);
  if (packets.length === 0) return;
  const isWhole = packets.length === device.outbox.length;
  const answer = await sendPackets(history, device, {packets, isWhole});
  device.sent.push(...packets);
  if (answer === 'need') await deliverAll(history, device);
  else if (answer === 'reset') await startOver(history, device);
  else if (!isAnswerLost) device.outbox = device.outbox.filter((packet) => !packets.includes(packet));
}

/** All of the outbox, its first packet, its last, or some of it: order is the network's affair. */
function choosePackets(history: History, {outbox}: Device, how: number): readonly Packet[] {
  switch (how % 4) {
    case 0:
      return outbox;
    case 1:
      return outbox.slice(0, 1);
    case 2:
      return outbox.slice(-1);
    default:
      return outbox.filter(() => history.random(2) === 0);
  }
}

async function sendAgain(
  history: History,
  device: AnyDevice,
  {what, how}: {what: number; how: number},
): Promise<void> {
  if (device.sent.length === 0) return;
  if (device.kind === 'json') {
    await sendPush(history, device, pick(device.sent, what));
    return;
  }
  const packets = [...new Set([pick(device.sent, what), pick(device.sent, how)])];
  const answer = await sendPackets(history, device, {packets, isWhole: false});
  if (answer === 'reset') await startOver(history, device);
}

async function deliverAll(history: History, device: Device): Promise<void> {
  while (device.outbox.length > 0) {
    const packets = device.outbox;
    const answer = await sendPackets(history, device, {packets, isWhole: true});
    if (answer === 'done') device.outbox = [];
    else await startOver(history, device);
  }
}

/** Everyone comes online, sends what is left and receives what there is. */
export async function quiesce(history: History): Promise<void> {
  for (const device of history.devices) {
    device.online = true;
    if (device.kind === 'yjs') {
      await deliverAll(history, device);
    } else {
      for (const push of device.outbox) await sendPush(history, device, push);
      device.outbox = [];
    }
  }
  await spread(history, () => true);
}

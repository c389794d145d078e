// Carries out the operations of a plan on a history.
import {editJson, editYjs, pick} from './edits.ts';
import {restart, type Device} from './device.ts';
import {edit} from './editing.ts';
import {sendPackets, sendPush} from './exchange.ts';
import type {AnyDevice, History} from './history.ts';
import {hasBegun} from './oracle.ts';
import type {Operation} from './plan.ts';
import {catchUp, deliverAll, reconnect, send, sendAgain, spread} from './traffic.ts';

const DAY_MS = 86_400_000;

function makerOf({devices: [maker]}: History): Device {
  if (maker?.kind !== 'yjs') throw new Error('the first device makes the record, with Yjs');
  return maker;
}

/** The record is made by the first device; then everyone has it. */
export async function begin(history: History): Promise<void> {
  const {vocabulary} = history;
  const maker = makerOf(history);
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

/** Before `begin`: the first device may send what lacks a required field, or already makes the record. */
export async function tryToBegin(history: History): Promise<void> {
  const {atFirst} = history;
  const maker = makerOf(history);
  for (let attempts = atFirst(3); attempts > 0; attempts--) {
    for (let edits = 1 + atFirst(4); edits > 0; edits--) editAtFirst(history, maker);
    if (maker.outbox.length === 0) continue;
    const answer = await sendPackets(history, maker, {packets: maker.outbox, isWhole: true});
    if (answer === 'done') maker.outbox = [];
  }
}

/** Writes a field, well or badly, or removes it. */
function editAtFirst(history: History, maker: Device): void {
  const {atFirst, oracle, vocabulary} = history;
  const spec = pick(
    vocabulary.keys.filter(({root}) => root === 'fields'),
    atFirst(100),
  );
  edit(maker, (session) => {
    // Only what is surely written again: a merged update would say half of what became of it.
    if (spec.required && !hasBegun(oracle) && atFirst(3) === 0) session.remove(spec);
    else session.set(spec, pick(spec.samples, atFirst(100)), history.stamp(maker));
  });
}

export async function perform(history: History, operation: Operation): Promise<void> {
  const device = pick(history.devices, operation.by);
  history.rollAgain(operation.dice);
  await act(history, device, operation);
  if (history.random(3) > 0) await spread(history, ({online}) => online && history.random(3) > 0);
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

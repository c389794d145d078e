// Carries out the operations of a plan on a history.
import {editJson, editYjs, pick} from './edits.ts';
import {restart} from './device.ts';
import {edit} from './editing.ts';
import {sendPush} from './exchange.ts';
import type {AnyDevice, History} from './history.ts';
import type {Operation} from './plan.ts';
import {catchUp, deliverAll, reconnect, send, sendAgain, spread} from './traffic.ts';

const DAY_MS = 86_400_000;

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

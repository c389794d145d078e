// What devices send and receive, and in which order: theirs, the network's, or none.
import type {Device, Packet} from './device.ts';
import {pick} from './edits.ts';
import {sendPackets, sendPush, sendStale, startOver} from './exchange.ts';
import {receive, receiveAgain, receivePull, receiveWhole, type AnyDevice, type History} from './history.ts';

/** Commits, and lets devices have what is committed. */
export async function spread(history: History, who: (device: AnyDevice) => boolean): Promise<void> {
  await history.server.commit();
  for (const device of history.devices) {
    if (!who(device)) continue;
    if (device.kind === 'json') await receivePull(history, device);
    else if (!(await receive(history, device))) await startOver(history, device);
  }
}

/** After an offline spell some devices send first, some catch up first. */
export async function reconnect(history: History, device: AnyDevice, how: number): Promise<void> {
  if (how % 2 === 0) await send(history, device, how >> 1);
  await history.server.commit();
  await catchUp(history, device, how % 3 > 0);
  if (how % 2 === 1) await send(history, device, how >> 1);
}

export async function catchUp(history: History, device: AnyDevice, byFeed: boolean): Promise<void> {
  if (device.kind === 'json') {
    await receivePull(history, device);
  } else {
    await receiveAgain(history, device);
    const isCurrent = await (byFeed ? receive(history, device) : receiveWhole(history, device));
    if (!isCurrent) await startOver(history, device);
  }
}

export async function send(history: History, device: AnyDevice, how: number): Promise<void> {
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

export async function sendAgain(
  history: History,
  device: AnyDevice,
  {what, how}: {what: number; how: number},
): Promise<void> {
  if (device.kind === 'json') {
    if (device.sent.length > 0) await sendPush(history, device, pick(device.sent, what));
    return;
  }
  const [stale] = device.stale;
  if (stale !== undefined && how % 3 === 0) {
    await sendStale(history, device, stale);
    return;
  }
  if (device.sent.length === 0) return;
  const packets = [...new Set([pick(device.sent, what), pick(device.sent, how)])];
  const answer = await sendPackets(history, device, {packets, isWhole: false});
  if (answer === 'reset') await startOver(history, device);
}

export async function deliverAll(history: History, device: Device): Promise<void> {
  while (device.outbox.length > 0) {
    const packets = device.outbox;
    const answer = await sendPackets(history, device, {packets, isWhole: true});
    if (answer === 'done') device.outbox = [];
    else await startOver(history, device);
  }
}

import {expect, test} from 'vitest';
import {deviceId, tenantId, userId} from '#crdt/protocol/ids.ts';
import {createManualTimers} from '#test/support/manual-timers.ts';
import {silentLogger} from '../logger.ts';
import {Connection} from './connection.ts';
import {createFrameRates} from './frame-rates.ts';
import {createGate} from './gate.ts';
import {PACE_PAUSE_MS} from './live-limits.ts';
import {createPace} from './pace.ts';

const member = {
  tenantId: tenantId.parse('6f9619ff-8b86-4d01-b42d-00cf4fc964ff'),
  userId: userId.parse('8f9619ff-8b86-4d01-b42d-00cf4fc964ff'),
  deviceId: deviceId.parse('7f9619ff-8b86-4d01-b42d-00cf4fc964ff'),
};

function setUp() {
  const timers = createManualTimers();
  const plenty = {perSecond: 1_000, burst: 1_000};
  const rates = {device: {perSecond: 100, burst: 3}, user: plenty, tenant: plenty};
  const frames = createFrameRates({now: timers.now, rates});
  const open = () => {
    const pauses: boolean[] = [];
    const socket = {
      send: () => undefined,
      bufferedBytes: () => 0,
      pause: (paused: boolean) => void pauses.push(paused),
      close: () => undefined,
      ping: () => undefined,
    };
    const connection = new Connection({socket, log: silentLogger, timers});
    return {pauses, connection, pace: createPace(connection, {gate: createGate(socket), frames, member})};
  };
  return {timers, open};
}

test('a device within its rate is read without a pause', () => {
  const {timers, open} = setUp();
  const {pace, pauses} = open();
  for (let frame = 0; frame < 100; frame++) {
    pace.heard();
    timers.pass(10);
  }
  expect(pauses).toEqual([]);
});

test('past its rate a device is not read for a while, and its connection stays', () => {
  const {timers, open} = setUp();
  const {pace, pauses, connection} = open();
  for (let frame = 0; frame < 10; frame++) pace.heard();
  expect(pauses).toEqual([true]);
  timers.pass(PACE_PAUSE_MS);
  expect(pauses).toEqual([true, false]);
  expect(connection.isEnded()).toBe(false);
  for (let frame = 0; frame < 10; frame++) pace.heard();
  expect(pauses).toEqual([true, false, true]);
});

test('the sockets of one device share its rate', () => {
  const {open} = setUp();
  const [one, other] = [open(), open()];
  for (let frame = 0; frame < 3; frame++) one.pace.heard();
  other.pace.heard();
  expect([one.pauses, other.pauses]).toEqual([[], [true]]);
});

test('nothing is resumed on a connection that has ended', () => {
  const {timers, open} = setUp();
  const {pace, pauses, connection} = open();
  for (let frame = 0; frame < 10; frame++) pace.heard();
  connection.gone();
  timers.pass(PACE_PAUSE_MS);
  expect(pauses).toEqual([true]);
});

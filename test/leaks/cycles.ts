// Everything a connection can do between its beginning and its end, in turns: honest ones, ones that are refused, ones
// that break off at every stage, and loads that fail because nothing is there or the database is away.
import {randomUUID} from 'node:crypto';
import {connect} from 'node:net';
import {once} from 'node:events';
import {WebSocket} from 'ws';
import {LiveDevice} from '#test/support/live-device.ts';
import {CALLER_HEADER, type Stage} from './leak-stage.ts';

type Cycle = (stage: Stage, turn: number) => Promise<void>;

/** Failures are spread, so that the server goes on hearing them out. */
const callerOf = (turn: number): string => `203.0.113.${turn % 251}`;

const deviceAt = ({devices}: Stage, turn: number) => devices[turn % devices.length]!;
const recordAt = ({recordIds}: Stage, turn: number): string => recordIds[turn % recordIds.length]!;

interface Hello {
  readonly token?: string;
  readonly cursor?: string;
}

async function openDevice(stage: Stage, turn: number, hello: Hello = {}): Promise<LiveDevice> {
  const {person, clientId} = deviceAt(stage, turn);
  const {token, tenantId, deviceId} = person;
  return LiveDevice.connect({
    url: stage.url.replace('http', 'ws'),
    token,
    tenantId,
    deviceId,
    clientId,
    keepFrames: false,
    // What is good comes from somewhere else than what is not.
    headers: {[CALLER_HEADER]: hello.token === undefined ? '198.51.100.1' : callerOf(turn)},
    ...hello,
  });
}

const ended = (device: LiveDevice): Promise<unknown> => device.ended();

const whole: Cycle = async (stage, turn) => {
  const device = await openDevice(stage, turn);
  await device.live();
  device.close();
  await ended(device);
};

const brokenOff: Cycle = async (stage, turn) => {
  const device = await openDevice(stage, turn);
  device.ws.terminate();
  await ended(device);
};

const writing: Cycle = async (stage, turn) => {
  const device = await openDevice(stage, turn);
  const id = recordAt(stage, turn);
  // Compared, one that is there and one that is not; then cut off with both under way.
  for (const asked of [id, randomUUID()]) {
    device.send({
      kind: 'sync-step-1',
      request: 1,
      entity: 'tasks',
      id: asked,
      generation: 0,
      stateVector: Uint8Array.of(0),
    });
  }
  if (turn % 2 === 0) device.send({kind: 'ping', clock: 1});
  else device.ws.send(Uint8Array.of(200));
  device.ws.terminate();
  await ended(device);
};

const badToken: Cycle = async (stage, turn) => {
  await ended(await openDevice(stage, turn, {token: 'no.good.token'}));
};

const badCursor: Cycle = async (stage, turn) => {
  await ended(await openDevice(stage, turn, {cursor: 'c1.000000000000.000000000000.1'}));
};

const silent: Cycle = async ({url}) => {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/sync/live`);
  const closed = once(ws, 'close');
  await once(ws, 'open');
  ws.terminate();
  await closed;
};

/** Half an upgrade, or half a body, and gone. */
const halfRequest: Cycle = async ({url}, turn) => {
  const {port} = new URL(url);
  const tcp = connect(Number(port), '127.0.0.1');
  tcp.on('error', () => undefined);
  await once(tcp, 'connect');
  const half =
    turn % 2 === 0
      ? 'GET /v1/sync/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
      : 'POST /v1/sync/push HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a';
  await new Promise<void>((resolve) => tcp.write(half, () => resolve()));
  tcp.resetAndDestroy();
};

/** A room of a record that is there, that is not, or of somebody without a token. */
const room: Cycle = async (stage, turn) => {
  const {token, tenantId, deviceId} = deviceAt(stage, turn).person;
  const id = turn % 3 === 0 ? randomUUID() : recordAt(stage, turn);
  const query = new URLSearchParams({
    token: turn % 3 === 1 ? 'none' : token,
    tenant: tenantId ?? '',
    device: deviceId,
  });
  const ws = new WebSocket(`${stage.url.replace('http', 'ws')}/v1/sync/yjs/tasks/${id}?${query.toString()}`, {
    headers: {[CALLER_HEADER]: turn % 3 === 1 ? callerOf(turn) : '198.51.100.1'},
  });
  const closed = once(ws, 'close');
  await once(ws, 'open');
  // Step 1 of a provider that holds nothing.
  ws.send(Uint8Array.of(0, 0, 1, 0));
  if (turn % 2 === 0) ws.terminate();
  else ws.close();
  await closed;
};

const kinds: readonly Cycle[] = [
  whole,
  brokenOff,
  badToken,
  silent,
  writing,
  halfRequest,
  room,
  badCursor,
  room,
  whole,
];

/** Cycles of a row in which the database is away. */
const AWAY_CYCLES = 10;
/** Cycles between two such rows. */
const AWAY_EVERY = 500;
/** Cycles under way at once. */
const AT_ONCE = 8;

/** Resolves once all have ended. */
export async function runCycles(stage: Stage, {from, to}: {from: number; to: number}): Promise<void> {
  let turn = from;
  const run = async (until: number): Promise<void> => {
    while (turn < until) {
      const mine = turn++;
      await kinds[mine % kinds.length]!(stage, Math.floor(mine / kinds.length));
    }
  };
  while (turn < to) {
    const until = Math.min(to, turn + AWAY_EVERY - AWAY_CYCLES);
    await Promise.all(Array.from({length: AT_ONCE}, () => run(until)));
    if (turn >= to) return;
    stage.database.refuse();
    const end = Math.min(to, turn + AWAY_CYCLES);
    await Promise.all(Array.from({length: AT_ONCE}, () => run(end)));
    stage.database.accept();
  }
}

// Nodes on one database: whatever is committed on one reaches the sockets of the others, soon by a notification, and
// without any notification all the same.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {connectDatabase} from '#db/connect.ts';
import {startNode, type TestNode} from '../support/nodes.ts';
import {startTcpProxy, type FaultProxy} from '../support/tcp-proxy.ts';
import type {Person} from '../support/world.ts';

const entity = 'tasks';

async function startTwo(): Promise<[TestNode, TestNode]> {
  const first = await startNode();
  return [first, await startNode({nextTo: first})];
}

/** Edits on a node and answers its position. */
async function edit({world}: TestNode, person: Person): Promise<number> {
  const [result] = await world.here(person).push([{entity, payload: {title: `Roof ${randomUUID()}`}}]);
  if (result?.status !== 'applied') throw new Error(`Not applied: ${JSON.stringify(result)}`);
  return result.seq!;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Ends every connection of the listeners, as a restart of Postgres would. */
const killListeners = ({world}: TestNode) =>
  world.database.owner.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE application_name = 'fieldmerge listen' AND datname = current_database()`,
  );

test('an edit on one node reaches the sockets of another', async () => {
  const [a, b] = await startTwo();
  const manager = await a.world.newManager();
  const device = await b.live.connect(manager.onNewDevice());
  const tookMs: number[] = [];
  for (let round = 0; round < 50; round++) {
    const position = await edit(a, manager);
    const acked = performance.now();
    await device.reached(position);
    tookMs.push(performance.now() - acked);
  }
  console.log(
    `nodes: from the answer on one node to the device on the other: median ${median(tookMs).toFixed(1)} ms, ` +
      `most ${Math.max(...tookMs).toFixed(1)} ms of ${tookMs.length}; as the metric has it, median ${median(b.heard.lagsMs)} ms`,
  );
  expect(device.holes).toBe(0);
  expect(device.records.size).toBeGreaterThanOrEqual(50);
});

test('a node does not hear itself', async () => {
  const [a, b] = await startTwo();
  const manager = await a.world.newManager();
  const tenantId = manager.tenantId as TenantId;
  const heard: number[] = [];
  a.bus.listen({news: ({to}) => void heard.push(to)});
  const answered = new Promise<void>((resolve) => {
    b.bus.listen({
      news({to}) {
        if (to === 7_001) b.bus.publish({tenantId, to: 7_002, accessVersion: null});
      },
    });
    a.bus.listen({
      news({to}) {
        if (to === 7_002) resolve();
      },
    });
  });
  a.bus.publish({tenantId, to: 7_001, accessVersion: null});
  await answered;
  expect(heard).not.toContain(7_001);
});

test('many commits travel in few notifications', async () => {
  const [a, b] = await startTwo();
  const manager = await a.world.newManager();
  const device = await b.live.connect(manager.onNewDevice());
  const {sent} = a.heard;
  const started = performance.now();
  const commits = 1_000;
  for (let to = 1; to <= commits; to++) {
    a.bus.publish({tenantId: manager.tenantId as TenantId, to, accessVersion: null});
    // As commits do, each in a turn of its own.
    if (to % 10 === 0) await new Promise(setImmediate);
  }
  await device.reached(await edit(a, manager));
  const ms = performance.now() - started;
  const notifications = a.heard.sent - sent;
  console.log(`nodes: ${commits} commits within ${ms.toFixed(0)} ms told in ${notifications} notifications`);
  expect(notifications).toBeLessThan(commits / 20);
});

test('a listener whose connection is killed misses nothing', async () => {
  const [a, b] = await startTwo();
  const manager = await a.world.newManager();
  const device = await b.live.connect(manager.onNewDevice());
  for (let round = 1; round <= 5; round++) {
    await killListeners(a);
    await device.reached(await edit(a, manager));
    await b.heard.until(() => b.heard.reconnects >= round);
  }
  expect(device.holes).toBe(0);
  const position = await edit(a, manager);
  await device.reached(position);
});

/** Two nodes, of which the second is reached by no notification as long as its bus is silenced. */
async function startSilenced(): Promise<{a: TestNode; b: TestNode; proxy: FaultProxy}> {
  const a = await startNode();
  const proxy = await startTcpProxy(a.world.database.url);
  const b = await startNode({nextTo: a, busUrl: proxy.url});
  return {a, b, proxy};
}

test('without any notification the counters tell what was committed, and the bus comes back by itself', async () => {
  const {a, b, proxy} = await startSilenced();
  const manager = await a.world.newManager();
  const device = await b.live.connect(manager.onNewDevice());
  await device.reached(await edit(a, manager));
  const heard = b.heard.lagsMs.length;
  proxy.silence();
  const tookMs: number[] = [];
  for (let round = 0; round < 5; round++) {
    const position = await edit(a, manager);
    const acked = performance.now();
    await device.reached(position);
    tookMs.push(performance.now() - acked);
  }
  expect(b.heard.lagsMs).toHaveLength(heard);
  expect(b.heard.repairs.filter(({kind}) => kind === 'position').length).toBeGreaterThan(0);
  console.log(
    `nodes: without notifications median ${median(tookMs).toFixed(0)} ms, most ${Math.max(...tookMs).toFixed(0)} ms`,
  );
  // Nothing told it that the connection is dead but that its own messages do not come back.
  await b.heard.until(() => b.heard.lost.includes('receiving'));
  proxy.accept();
  await b.heard.until(() => b.heard.reconnects > 0);
  await device.reached(await edit(a, manager));
  expect(device.holes).toBe(0);
});

const revocations = [
  {
    name: 'a changed role',
    code: 4406,
    revoke: (manager: Person, userId: string) =>
      manager.send('PATCH', `/v1/tenants/${manager.tenantId}/members/${userId}`, {role: 'employee'}),
  },
  {
    name: 'a removed member',
    code: 4406,
    revoke: (manager: Person, userId: string) =>
      manager.send('DELETE', `/v1/tenants/${manager.tenantId}/members/${userId}`),
  },
  {
    name: 'a revoked device',
    code: 4405,
    revoke: (manager: Person, _: string, deviceId: string) =>
      manager.send('DELETE', `/v1/devices/${deviceId}`),
  },
];

/** Milliseconds from the answer to a revocation on one node until the socket on the other was closed. */
async function revokeAcross(
  {a, b}: {a: TestNode; b: TestNode},
  {code, revoke}: (typeof revocations)[number],
): Promise<number> {
  const manager = await a.world.newManager();
  const person = await a.world.newMember(manager, 'manager');
  const {body} = await person.get<{id: string}>('/v1/me');
  const [device, other] = [await b.live.connect(person), await b.live.connect(manager)];
  const {status} = await revoke(manager, body.id, person.deviceId);
  const answered = performance.now();
  expect(status).toBeLessThan(300);
  expect((await device.ended()).code).toBe(code);
  const tookMs = performance.now() - answered;
  await other.reached(await edit(a, manager));
  expect(other.closed).toBeNull();
  return tookMs;
}

test.each(revocations)('$name on one node closes the socket on another with $code', async (revocation) => {
  const [a, b] = await startTwo();
  const tookMs = await revokeAcross({a, b}, revocation);
  console.log(`nodes: ${revocation.name}: closed after ${tookMs.toFixed(1)} ms`);
});

test.each(revocations)('$name closes it without any notification too', async (revocation) => {
  const {a, b, proxy} = await startSilenced();
  proxy.silence();
  const tookMs = await revokeAcross({a, b}, revocation);
  console.log(`nodes: ${revocation.name}: closed after ${tookMs.toFixed(0)} ms, without notifications`);
  expect(b.heard.repairs.some(({kind}) => kind === 'access')).toBe(true);
});

test('a revoked session is told on every node, the own one included', async () => {
  const [a, b] = await startTwo();
  const told: string[] = [];
  let resolve = (): void => undefined;
  const everywhere = new Promise<void>((done) => {
    resolve = done;
  });
  for (const {bus} of [a, b]) {
    bus.listen({
      sessionRevoked(sessionId) {
        told.push(sessionId);
        if (told.length === 2) resolve();
      },
    });
  }
  a.bus.publishSession('sess_1');
  await everywhere;
  expect(told).toEqual(['sess_1', 'sess_1']);
});

test('while the database cannot be reached, what is to be told stays small and is told afterwards', async () => {
  const first = await startNode();
  const proxy = await startTcpProxy(first.world.database.url);
  const a = await startNode({nextTo: first, busUrl: proxy.url});
  const manager = await first.world.newManager();
  const heard: number[] = [];
  first.bus.listen({news: ({to}) => void heard.push(to)});
  proxy.refuse();
  for (let to = 1; to <= 100_000; to++)
    a.bus.publish({tenantId: manager.tenantId as TenantId, to, accessVersion: null});
  await a.heard.until(() => a.heard.lost.filter((direction) => direction === 'sending').length >= 2);
  proxy.accept();
  await first.heard.until(() => heard.includes(100_000));
  expect(heard.filter((to) => to > 1)).toEqual([100_000]);
});

test('a node that stops leaves no connection and no timer', async () => {
  const countTimers = (): number =>
    process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const timers = countTimers();
  const [a, b] = await startTwo();
  const manager = await a.world.newManager();
  const device = await b.live.connect(manager.onNewDevice());
  await device.reached(await edit(a, manager));
  const watcher = connectDatabase({
    url: a.world.database.url,
    poolSize: 1,
    applicationName: 'watcher',
    role: 'own',
  });
  const count = async (): Promise<number> => {
    const {rows} = await watcher.pool.query<{n: number}>(
      `SELECT count(*) AS n FROM pg_stat_activity
       WHERE datname = current_database() AND application_name IN ('fieldmerge listen', 'fieldmerge notify')`,
    );
    return rows[0]!.n;
  };
  await expect.poll(count).toBeGreaterThanOrEqual(3);
  await b.stop();
  await a.stop();
  await expect.poll(count).toBe(0);
  const {sent} = a.heard;
  a.bus.publish({tenantId: manager.tenantId as TenantId, to: 1, accessVersion: null});
  device.close();
  // An idle connection has a timer of its own.
  await watcher.end();
  await expect.poll(countTimers, {timeout: 60_000}).toBeLessThanOrEqual(timers);
  expect(a.heard.sent).toBe(sent);
});

// The real process is told to stop while devices write: what it has taken on is answered, what it has not is taken by
// the next process, and neither is lost nor applied twice.
import {spawn} from 'node:child_process';
import {randomBytes, randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {expect, onTestFinished, test} from 'vitest';
import * as Y from 'yjs';
import {DRAIN_FINISH_MS, DRAIN_SPREAD_MS} from '#server/live/live-limits.ts';
import {STOP_MS_MAX} from '#server/stop-on-signal.ts';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {holdCommits} from '#test/support/held-commits.ts';
import {LiveDevice} from '#test/support/live-device.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {createTestDatabase, type TestDatabase} from '#test/support/test-database.ts';
import {WAIT} from '#test/support/wait.ts';
import {personOf, readAnswer, type Person, type World} from '#test/support/world.ts';
import {startServerProcess, type ServerProcess} from './kill-server.ts';

interface Stage {
  readonly database: TestDatabase;
  readonly start: () => Promise<ServerProcess>;
  /** A manager of a tenant, asking that server. */
  readonly managerOf: (server: ServerProcess) => Promise<Person & {readonly tenantId: string}>;
}

async function setStage(): Promise<Stage> {
  const database = await createTestDatabase();
  onTestFinished(() => database.drop());
  const dataDir = await makeScratchFolder();
  const settings = {DATABASE_URL: database.url, MASTER_KEY: randomBytes(32).toString('base64')};
  const issuer = await openDevelopmentIssuer({dataDir, now: Date.now});
  return {
    database,
    async start() {
      const server = await startServerProcess(dataDir, settings);
      onTestFinished(() => server.kill());
      return server;
    },
    async managerOf({url}) {
      const [subject, deviceId] = [`user_${randomUUID()}`, randomUUID()];
      const email = `${subject}@example.com`;
      const token = await issuer.issue({subject, email, name: 'Ana Example'});
      const person = personOf(askOf(url), {subject, email, token, deviceId, tenantId: null});
      const {body} = await person.post<{id: string}>('/v1/tenants', {name: 'Example Services'});
      return {...person.in(body.id), tenantId: body.id};
    },
  };
}

const askOf =
  (url: string): World['ask'] =>
  async <Body>(path: string, init?: RequestInit) =>
    readAnswer<Body>(await fetch(url + path, init));

async function connect(server: ServerProcess, person: Person, copy?: LiveDevice): Promise<LiveDevice> {
  const {token, tenantId, deviceId} = person;
  const device = await LiveDevice.connect({
    url: server.url.replace('http', 'ws'),
    token,
    tenantId,
    deviceId,
    ...(copy === undefined ? {} : {records: copy.records, cursor: copy.cursor}),
  });
  onTestFinished(() => device.close());
  return device.live();
}

const statusOf = (url: string): Promise<number> =>
  fetch(url).then(
    ({status}) => status,
    () => 0,
  );

test('what is being committed is acknowledged before its connection ends', {timeout: 120_000}, async () => {
  const {database, start, managerOf} = await setStage();
  const server = await start();
  const maria = await managerOf(server);
  const device = await connect(server, maria);
  const held = await holdCommits(database.owner, maria.tenantId);
  const task = randomUUID();
  const request = device.write('tasks', task, {title: 'Fix the pump'});
  await held.waiting();

  const stopped = server.stop();
  await device.nextOf('drain');
  const ready = await fetch(`${server.url}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([503, {detail: /being stopped/}]);
  const late = new LiveDevice({url: server.url.replace('http', 'ws')});
  expect((await late.ended()).code).toBe(1006);
  expect(device.answers.get(request)?.size).toBe(0);

  await held.release();
  expect(await device.answered(request)).toMatchObject([{kind: 'ack'}]);
  expect(await device.ended()).toMatchObject({code: 1012});
  expect(await stopped).toBe(0);
  const {rows} = await database.owner.query('SELECT title FROM tasks WHERE id = $1', [task]);
  expect(rows).toEqual([{title: 'Fix the pump'}]);
});

test(
  'every change sent around a stop is acknowledged, or taken once by the next process',
  {timeout: 180_000},
  async () => {
    const {database, start, managerOf} = await setStage();
    const first = await start();
    const maria = await managerOf(first);
    const device = await connect(first, maria);
    const sent = new Map<number, {id: string; title: string}>();
    const send = (): void => {
      const edit = {id: randomUUID(), title: `Task ${sent.size}`};
      sent.set(device.write('tasks', edit.id, {title: edit.title}), edit);
    };
    // Frames go out until the socket is closed, so that some are on their way when it is.
    let stopped: Promise<number | null> | undefined;
    while (device.closed === null && sent.size < 20_000) {
      if (device.ws.readyState === device.ws.OPEN) for (let n = 0; n < 10; n++) send();
      if (sent.size === 100) stopped = first.stop();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await device.ended()).toMatchObject({code: 1012});
    expect(await stopped).toBe(0);
    const acked = [...sent].filter(([request]) => device.answers.get(request)?.get(0)?.kind === 'ack');
    const unacked = [...sent].filter(([request]) => device.answers.get(request)?.get(0)?.kind !== 'ack');
    expect(acked.length).toBeGreaterThan(0);

    const {rows} = await database.owner.query<{id: string}>('SELECT id FROM tasks');
    const stored = new Set(rows.map(({id}) => id));
    expect(acked.filter(([, {id}]) => !stored.has(id))).toEqual([]);

    const second = await start();
    const again = await connect(second, maria, device);
    for (const [, {id}] of unacked) {
      const {generation, doc} = again.copyOf('tasks', id);
      const request = again.sendUpdates([
        {entity: 'tasks', id, generation, bytes: Y.encodeStateAsUpdate(doc)},
      ]);
      expect(await again.answered(request)).toMatchObject([{kind: 'ack'}]);
    }
    const {rows: logged} = await database.owner.query<{record_id: string; writes: number}>(
      `SELECT record_id, count(*)::int AS writes FROM audit_logs WHERE entity = 'tasks' GROUP BY record_id`,
    );
    expect(logged.filter(({writes}) => writes !== 1)).toEqual([]);
    expect(logged.map(({record_id}) => record_id).sort()).toEqual(
      [...sent.values()].map(({id}) => id).sort(),
    );
    expect(await second.stop()).toBe(0);
  },
);

test('npm start ends the server when npm alone gets the signal', {timeout: 120_000}, async () => {
  const {database} = await setStage();
  const dataDir = await makeScratchFolder();
  const npm = spawn('npm', ['start', '--silent'], {
    env: {
      ...process.env,
      PORT: '0',
      DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      NODE_ENV: '',
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void npm.kill('SIGKILL'));
  const gone = once(npm, 'exit');
  let told = '';
  for await (const chunk of npm.stdout as AsyncIterable<Buffer>) {
    told += chunk.toString();
    if (told.includes('"message":"listening"') && /"url":"[^"]+"/.test(told)) break;
  }
  const url = /"url":"([^"]+)"/.exec(told)?.[1] ?? '';
  expect(await statusOf(`${url}/healthz`)).toBe(200);
  npm.kill('SIGTERM');
  await gone;
  await expect.poll(() => statusOf(`${url}/healthz`), WAIT).toBe(0);
});

test('a stop takes less than hosts allow', () => {
  const [, seconds] = /^kill_timeout = (\d+)$/m.exec(readFileSync('fly.toml', 'utf8')) ?? [];
  expect(STOP_MS_MAX).toBeLessThanOrEqual((Number(seconds) - 5) * 1000);
  expect(DRAIN_SPREAD_MS + 2 * DRAIN_FINISH_MS).toBeLessThan(STOP_MS_MAX / 2);
});

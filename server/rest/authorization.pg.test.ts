// Every cell of the authorization matrix, asked of a real server.
import {afterAll, beforeAll, describe, expect, onTestFinished, test} from 'vitest';
import {errorCodes} from '#crdt/protocol/error-code.ts';
import {frameKinds, type DeviceFrame, type Frame} from '#crdt/protocol/frame.ts';
import {listTransportsUnderTest} from '#test/conformance/transport-kinds.ts';
import {attemptOf, subjectOf} from '#test/contract/attempts.ts';
import {openDoor, type Column, type Door} from '#test/contract/door.ts';
import type {Example} from '#test/contract/example.ts';
import {recordIds} from '#test/contract/names.ts';
import {toActual, toDocumented} from '#test/contract/normal-form.ts';
import {setStage, type Stage} from '#test/contract/stage.ts';
import {LiveDevice} from '#test/support/live-device.ts';
import {startLive} from '#test/support/live-world.ts';
import {openProvider} from '#test/support/yjs-provider.ts';
import {createWorld, type World} from '#test/support/world.ts';
import {authorization, frameAuthorization, type Cell} from './authorization.ts';

const columns = [
  'anonymous',
  'expired',
  'pending',
  'otherTenant',
  'outOfScope',
  'inScope',
  'manager',
] as const;

const {start: startTransport} = listTransportsUnderTest()[0]!;

let world: World;
let door: Door;
beforeAll(async () => {
  world = await createWorld();
  door = openDoor(world);
});
afterAll(() => world.close());

/** What changes nothing shares one. */
let shared: Promise<Stage> | undefined;
const stageFor = (operation: string, cell: Cell): Promise<Stage> =>
  cell === 'ok' && !operation.startsWith('GET ') ? setStage(world) : (shared ??= setStage(world));

let asked = 0;

interface Asked {
  readonly status: number;
  /** As documents say it. */
  readonly text: string;
  readonly code: string | undefined;
}

async function ask(operation: string, column: Column, stage: Stage): Promise<Asked> {
  const caller = await door.callerOf(stage, column);
  const [method = '', template = ''] = operation.split(' ');
  const {
    params = {},
    query = {},
    headers = {},
    body,
  }: Example = toActual(attemptOf(operation, column), stage);
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  const namesDevice = (body as {deviceId?: string} | undefined)?.deviceId !== undefined;
  const request = new Request(`http://test${path}?${new URLSearchParams(query).toString()}`, {
    method,
    headers: {
      ...headers,
      'x-tenant-id': caller.tenantId,
      ...(namesDevice ? {} : {'x-device-id': caller.deviceId}),
      ...(caller.token === null ? {} : {authorization: `Bearer ${caller.token}`}),
      ...(body === undefined ? {} : {'content-type': 'application/json'}),
    },
    ...(body === undefined ? {} : {body: JSON.stringify(body)}),
  });
  // From another address each time: bad tokens would be held against the next.
  const answer = await door.app.fetch(request, `2001:db8:${(asked++).toString(16)}::1`);
  const text = await answer.text();
  if (answer.headers.get('content-type')?.includes('json') !== true)
    return {status: answer.status, text, code: undefined};
  const told = toDocumented(JSON.parse(text), stage);
  return {status: answer.status, text: JSON.stringify(told), code: codeIn(answer.status, told)};
}

/** Of a refusal, or of the first change of a push. */
function codeIn(status: number, body: unknown): string | undefined {
  const {code, results} = body as {code?: string; results?: readonly {error?: {code: string}}[]};
  return status < 400 ? results?.[0]?.error?.code : code;
}

function expectCell({status, text, code}: Asked, cell: Cell, subject: string): void {
  if (cell === 'ok' || cell === 'hidden') {
    expect({code, isDone: status < 300}, text).toEqual({code: undefined, isDone: true});
    if (cell === 'hidden') expect(text).not.toContain(subject);
  } else {
    expect(code ?? status, text).toBe(cell);
  }
}

test('every route has a row, and every row a route', () => {
  const {paths} = door.app.describe() as {paths: Record<string, Record<string, {responses: object}>>};
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, {responses}]) => !('101' in responses))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  expect(Object.keys(authorization).toSorted()).toEqual(routes.toSorted());
});

test('every frame of a device has a row', () => {
  const kinds = (Object.keys(frameKinds) as Frame['kind'][]).filter((kind) => frameKinds[kind] < 64);
  expect(Object.keys(frameAuthorization).toSorted()).toEqual([...kinds, 'room'].toSorted());
});

test.each(Object.keys(authorization))('%s', async (operation) => {
  const row = authorization[operation]!;
  const subject = subjectOf(operation);
  for (const column of columns) {
    const stage = await stageFor(operation, row[column]);
    const answer = await ask(operation, column, stage);
    expectCell(answer, row[column], subject);
    // What is hidden from one is there for the other.
    const isOpposite = column === 'manager' || (column === 'inScope' && row.outOfScope === 'hidden');
    const isHiding = columns.some((other) => row[other] === 'hidden');
    if (isOpposite && isHiding) expect(answer.text).toContain(subject);
  }
});

const codeOfClose = (close: number): string =>
  Object.entries(errorCodes).find(([, entry]) => entry.close === close)?.[0] ?? String(close);

describe('frames', () => {
  const subject = {entity: 'tasks', id: recordIds.tasks};

  /** A device of the caller, as far as it gets. */
  async function openFor(column: Column, sayHello: boolean) {
    const live = await startLive(world, {start: startTransport, verifier: door.verifier});
    const stage = await setStage(world);
    const {token, deviceId, tenantId} = await door.callerOf(stage, column);
    const options = {url: live.url, token: token ?? '', deviceId, tenantId};
    const device = sayHello ? await LiveDevice.connect(options) : new LiveDevice(options);
    onTestFinished(() => device.close());
    await device.opened();
    return {live, stage, device, options};
  }

  /** The code that the connection was closed with. */
  const endOf = async (device: LiveDevice): Promise<string> => codeOfClose((await device.ended()).code);

  const isInside = (column: Column): boolean => ['outOfScope', 'inScope', 'manager'].includes(column);

  /** Sends a frame: welcomed if the caller can be. Answers its cell. */
  async function tell(
    column: Column,
    send: (device: LiveDevice) => Promise<Cell> | Cell,
    frame: DeviceFrame,
  ): Promise<Cell> {
    const {device} = await openFor(column, isInside(column));
    if (isInside(column)) return send(await device.live());
    device.send(frame);
    return (await endOf(device)) === 'bad_frame' ? 'lost' : 'ok';
  }

  const asking: Readonly<Record<keyof typeof frameAuthorization, (column: Column) => Promise<Cell>>> = {
    async hello(column) {
      const {device} = await openFor(column, true);
      return device.welcome === null ? ((await endOf(device)) as Cell) : 'ok';
    },
    update: (column) =>
      tell(
        column,
        async (device): Promise<Cell> => {
          const [answer] = await device.answered(device.write('tasks', subject.id, {status: 'in_progress'}));
          return answer?.kind === 'reject' ? (answer.code as Cell) : 'ok';
        },
        {kind: 'update', request: 1, updates: []},
      ),
    'sync-step-1': (column) => {
      const step = {kind: 'sync-step-1', request: 1, ...subject, generation: 0} as const;
      const frame = {...step, stateVector: Uint8Array.of(0)};
      return tell(
        column,
        async (device) => {
          device.send(frame);
          return (await device.nextOf('sync-step-2')).record === null ? 'hidden' : 'ok';
        },
        frame,
      );
    },
    async token(column) {
      // Of a connection that is welcomed, as the caller where they can be.
      const {device, stage} = await openFor(isInside(column) ? column : 'manager', true);
      await device.live();
      device.send({kind: 'token', token: (await door.callerOf(stage, column)).token ?? ''});
      const renewed = device.nextOf('renewed').then(() => 'ok' as const);
      return renewed.catch(async () => (await endOf(device)) as Cell);
    },
    ping: (column) =>
      tell(
        column,
        async (device): Promise<Cell> => {
          device.send({kind: 'ping', clock: 1});
          await device.nextOf('pong');
          return 'ok';
        },
        {kind: 'ping', clock: 1},
      ),
    async room(column) {
      const {live, options} = await openFor(column, false);
      const {entity, id} = subject;
      const provider = openProvider({url: live.url, entity, id, person: options});
      await provider.until(() => provider.provider.synced || provider.closes.length > 0);
      const [code] = provider.closes;
      if (typeof code === 'number') return codeOfClose(code) as Cell;
      return provider.shown('title') === undefined ? 'hidden' : 'ok';
    },
  };

  test.each(
    (Object.keys(asking) as (keyof typeof asking)[]).flatMap((frame) =>
      columns.map((column) => ({frame, column})),
    ),
  )('$frame: $column', async ({frame, column}) => {
    expect(await asking[frame](column)).toBe(frameAuthorization[frame][column]);
  });
});

// Lists of records: what narrows and sorts them, and that pages hold together while others edit.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

interface Row {
  readonly id: string;
  readonly seq: number;
  readonly updatedAt: string;
  readonly title?: string;
  readonly name?: string;
}

interface Page {
  readonly items: readonly Row[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

type Manager = Person & {readonly tenantId: string};

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

/** Tasks or others by name, made in this order. */
async function make(manager: Manager, path: string, records: Readonly<Record<string, object>>) {
  const ids: Record<string, string> = {};
  for (const [name, fields] of Object.entries(records)) {
    const {status, body} = await manager.post<{id: string}>(`/v1/${path}`, fields);
    expect(status).toBe(201);
    ids[name] = body.id;
  }
  const nameOf = new Map(Object.entries(ids).map(([name, id]) => [id, name]));
  const list = async (query: string): Promise<string[]> => {
    const {status, body} = await manager.get<Page>(`/v1/${path}?${query}`);
    expect(status).toBe(200);
    return body.items.map(({id}) => nameOf.get(id) ?? id);
  };
  return {ids, list};
}

async function readPages(
  manager: Manager,
  query: string,
  between: (page: Page) => Promise<unknown> = () => Promise.resolve(),
): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor = '';
  for (;;) {
    const {status, body} = await manager.get<Page>(`/v1/tasks?${query}${cursor}`);
    expect(status).toBe(200);
    rows.push(...body.items);
    expect(body.nextCursor === null).toBe(!body.hasMore);
    if (body.nextCursor === null) return rows;
    cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`;
    await between(body);
  }
}

describe('filters', () => {
  const [clientId, employeeId, teamId] = [randomUUID(), randomUUID(), randomUUID()];
  const visit = (start: string, end: string) => ({
    schedule: {start: `2026-03-${start}:00.000Z`, end: `2026-03-${end}:00.000Z`, timezone: 'UTC'},
  });
  const tasks = {
    first: {title: 'First', status: 'draft', clientId, ...visit('01T08:00', '01T10:00')},
    second: {title: 'Second', status: 'scheduled', employeeId, ...visit('01T23:00', '02T01:00')},
    third: {title: 'Third', status: 'completed', teamId, dueAt: '2026-03-05T12:00:00.000Z'},
    fourth: {title: 'Fourth', clientId, employeeId, dueAt: '2026-03-06T12:00:00.000Z', priority: 'high'},
  };
  let list: (query: string) => Promise<string[]>;
  beforeAll(async () => {
    ({list} = await make(await world.newManager(), 'tasks', tasks));
  });

  test.each([
    ['', ['first', 'second', 'third', 'fourth']],
    ['status=draft', ['first']],
    ['status=draft,completed', ['first', 'third']],
    ['priority=high', ['fourth']],
    [`clientId=${clientId}`, ['first', 'fourth']],
    [`clientId=${clientId.toUpperCase()}&employeeId=${employeeId}`, ['fourth']],
    ['employeeId=none', ['first', 'third']],
    [`teamId=${teamId}`, ['third']],
    [`teamId=${randomUUID()}`, []],
    ['dueAtFrom=2026-03-05T12:00:00.000Z', ['third', 'fourth']],
    ['dueAtFrom=2026-03-05T12:00:00.001Z', ['fourth']],
    ['dueAtTo=2026-03-05T13:00:00%2B01:00', ['third']],
    ['dueAtTo=2026-03-05T13:00:00+01:00', ['third']],
    ['scheduleFrom=2026-03-02T00:00:00Z&scheduleTo=2026-03-02T23:59:59Z', ['second']],
    ['scheduleFrom=2026-03-01T00:00:00Z&scheduleTo=2026-03-01T23:59:59Z', ['first', 'second']],
    ['q=ir', ['first', 'third']],
    ['q=IR&status=draft', ['first']],
    ['updatedSince=2100-01-01T00:00:00Z', []],
  ])('tasks?%s', async (query, expected) => {
    expect(await list(`sort=createdAt&${query}`)).toEqual(expected);
  });

  test('other entities have those of their own fields', async () => {
    const manager = await world.newManager();
    const [team, skill] = [randomUUID(), randomUUID()];
    const people = await make(manager, 'employees', {
      ben: {displayName: 'Ben', teamIds: [team], jobTitle: 'Fitter', employmentStatus: 'active'},
      eva: {displayName: 'Eva', teamIds: [team, randomUUID()], skills: [skill], employmentStatus: 'on_leave'},
    });
    expect(await people.list(`teamId=${team}&sort=createdAt`)).toEqual(['ben', 'eva']);
    expect(await people.list(`skill=${skill}`)).toEqual(['eva']);
    expect(await people.list('employmentStatus=active')).toEqual(['ben']);
    expect(await people.list('q=fitter')).toEqual(['ben']);
    const clients = await make(manager, 'clients', {
      ana: {kind: 'person', displayName: 'Ana', tags: ['VIP', 'late'], status: 'active'},
      co: {kind: 'company', displayName: 'Co', status: 'lead'},
    });
    expect(await clients.list('tag=VIP')).toEqual(['ana']);
    expect(await clients.list('q=vip')).toEqual(['ana']);
    expect(await clients.list('kind=company&status=lead,archived')).toEqual(['co']);
    const teams = await make(manager, 'teams', {
      on: {name: 'On', active: true},
      off: {name: 'Off', active: false},
    });
    expect(await teams.list('active=false')).toEqual(['off']);
    const entries = await make(manager, 'finance-entries', {
      bill: {kind: 'invoice', status: 'issued', issueDate: '2026-02-28', taskId: team},
      cost: {kind: 'expense', issueDate: '2026-03-01', vendor: 'Shop'},
    });
    expect(await entries.list('kind=invoice')).toEqual(['bill']);
    expect(await entries.list('issueDateFrom=2026-03-01&issueDateTo=2026-03-01')).toEqual(['cost']);
    expect(await entries.list(`taskId=${team}`)).toEqual(['bill']);
    expect(await entries.list('q=shop')).toEqual(['cost']);
  });

  test('deleted records are shown where they are asked for', async () => {
    const manager = await world.newManager();
    const tasks = await make(manager, 'tasks', {kept: {title: 'A'}, gone: {title: 'B'}});
    await manager.send('DELETE', `/v1/tasks/${tasks.ids['gone']}`);
    expect(await tasks.list('')).toEqual(['kept']);
    expect(await tasks.list('deleted=true')).toEqual(['gone']);
    expect(await tasks.list('deleted=any')).toEqual(['gone', 'kept']);
  });

  test('what is searched for is text, not a pattern', async () => {
    const manager = await world.newManager();
    const {list} = await make(manager, 'teams', {
      percent: {name: '100 % sure'},
      plain: {name: '100 sure'},
      score: {name: 'a_b'},
      letters: {name: 'axb'},
      slash: {name: 'back\\slash'},
      quote: {name: "O'Brien"},
    });
    const found = (q: string) => list(`sort=createdAt&q=${encodeURIComponent(q)}`);
    expect(await found('%')).toEqual(['percent']);
    expect(await found('_')).toEqual(['score']);
    expect(await found('a_b')).toEqual(['score']);
    expect(await found('\\')).toEqual(['slash']);
    expect(await found("'")).toEqual(['quote']);
    expect(await found('%%')).toEqual([]);
  });

  test('sealed values are searched by no parameter', async () => {
    const manager = await world.newManager();
    const {list} = await make(manager, 'clients', {ana: {kind: 'person', displayName: 'Canary'}});
    expect(await list('q=canary')).toEqual([]);
  });
});

describe('sorts', () => {
  test.each([
    ['title', ['a', 'b', 'c', 'none']],
    ['-title', ['none', 'c', 'b', 'a']],
    ['dueAt', ['c', 'a', 'b', 'none']],
    ['-dueAt', ['b', 'a', 'c', 'none']],
    ['schedule', ['b', 'a', 'c', 'none']],
    ['number', ['a', 'b', 'c', 'none']],
    ['createdAt', ['a', 'b', 'c', 'none']],
    ['-createdAt', ['none', 'c', 'b', 'a']],
    ['updatedAt', ['b', 'c', 'none', 'a']],
    ['-updatedAt', ['a', 'none', 'c', 'b']],
  ])('by %s, records without a value last, one record a page', async (sort, expected) => {
    const manager = await world.newManager();
    const at = (day: number) => `2026-03-0${day}T08:00:00.000Z`;
    const visit = (day: number) => ({schedule: {start: at(day), end: at(day), timezone: 'UTC'}});
    const {ids, list} = await make(manager, 'tasks', {
      a: {title: 'alpha', dueAt: at(2), ...visit(2)},
      b: {title: 'Beta', dueAt: at(3), ...visit(1)},
      c: {title: 'gamma', dueAt: at(1), ...visit(3)},
      none: {title: 'none'},
    });
    await manager.send('PATCH', `/v1/tasks/${ids['a']}`, {priority: 'low'});
    expect(await list(`sort=${sort}`)).toEqual(expected);
    const paged = await readPages(manager, `limit=1&sort=${sort}`);
    expect(paged.map(({id}) => id)).toEqual(expected.map((name) => ids[name]));
  });
});

describe('pages', () => {
  const COUNT = 25;
  async function manyTasks() {
    const manager = await world.newManager();
    const records = Array.from({length: COUNT}, (_, index) => ({
      entity: 'tasks',
      entityId: randomUUID(),
      payload: {title: `Task ${index % 5}`, ...(index % 3 === 0 ? {} : {dueAt: '2026-03-01T08:00:00.000Z'})},
    }));
    await manager.push(records);
    return {manager, ids: records.map(({entityId}) => entityId)};
  }

  test.each(['-updatedAt', 'updatedAt'])(
    'by %s every record is on one page, though all are edited and others made meanwhile',
    async (sort) => {
      const {manager, ids} = await manyTasks();
      let edits = 0;
      const rows = await readPages(manager, `limit=4&sort=${sort}`, async () => {
        edits++;
        const edited = ids.map((entityId) => ({
          entity: 'tasks',
          entityId,
          payload: {priority: edits % 2 ? 'low' : 'high'},
        }));
        await manager.push([...edited, {entity: 'tasks', payload: {title: 'Made meanwhile'}}]);
      });
      expect(edits).toBe(6);
      expect(rows.map(({id}) => id).sort()).toEqual(ids.toSorted());
      const inOrder = rows.map(({id}) => ids.findIndex((one) => one === id));
      expect(inOrder).toEqual(inOrder.toSorted((a, b) => (sort === 'updatedAt' ? a - b : b - a)));
    },
  );

  test.each(['title', '-title', 'dueAt', '-dueAt', 'number', '-createdAt'])(
    'by %s every record is on one page, though other fields are edited meanwhile',
    async (sort) => {
      const {manager, ids} = await manyTasks();
      const rows = await readPages(manager, `limit=3&sort=${sort}`, (page) =>
        manager.push(
          ids.map((entityId) => ({entity: 'tasks', entityId, payload: {cancelReason: page.items[0]?.id}})),
        ),
      );
      expect(rows.map(({id}) => id).sort()).toEqual(ids.toSorted());
    },
  );

  test('a page shows records as they are now, and an ETag of each is its seq', async () => {
    const {manager, ids} = await manyTasks();
    const {body} = await manager.get<Page>('/v1/tasks?limit=1');
    await manager.send('PATCH', `/v1/tasks/${ids[0]}`, {title: 'New'});
    const rest = await manager.get<Page>(`/v1/tasks?limit=200&cursor=${body.nextCursor}`);
    const shown = rest.body.items.find(({id}) => id === ids[0]);
    const read = await manager.get<Row>(`/v1/tasks/${ids[0]}`);
    expect(shown).toEqual(read.body);
    expect(read.headers.get('etag')).toBe(`"${shown?.seq}"`);
  });
});

describe('refusals', () => {
  let manager: Manager;
  let cursor: string;
  beforeAll(async () => {
    manager = await world.newManager();
    await make(manager, 'tasks', {a: {title: 'A'}, b: {title: 'B'}, c: {title: 'C'}});
    cursor = (await manager.get<Page>('/v1/tasks?limit=1')).body.nextCursor ?? '';
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['sort=displayName', 'sort'],
    ['sort=notes', 'sort'],
    ['sort=title;drop table tasks', 'sort'],
    ['status=open', 'status'],
    ['status=', 'status'],
    ['clientId=one', 'clientId'],
    ['dueAtFrom=yesterday', 'dueAtFrom'],
    ['updatedSince=2026-02-30T00:00:00Z', 'updatedSince'],
    ['deleted=yes', 'deleted'],
    ['q=', 'q'],
    ['q=%00', 'q'],
    ['title=A', 'title'],
    ['tenantId=A', 'tenantId'],
  ])('tasks?%s is refused by the name of the parameter', async (query, field) => {
    const {body} = await manager.get<ProblemBody>(`/v1/tasks?${query}`);
    expect(body).toMatchObject({status: 400, code: 'bad_request'});
    expect(Object.keys(body.fields ?? {})).toEqual([field]);
  });

  const forged = (key: unknown, id: string = randomUUID()): string => {
    const [position, last = ''] = cursor.split('~');
    const [list] = JSON.parse(Buffer.from(last, 'base64url').toString()) as unknown[];
    return `${position}~${Buffer.from(JSON.stringify([list, key, id])).toString('base64url')}`;
  };

  test.each([
    ['nonsense', () => 'nonsense'],
    ['an empty one', () => ''],
    ['half of one', () => cursor.split('~')[0]!],
    ['one of another list', () => `${cursor}&status=draft`],
    ['one of another order', () => `${cursor}&sort=title`],
    ['a forged key', () => forged("1'; DROP TABLE tasks")],
    ['a forged id', () => forged('1', 'x')],
    ['a key of another type', () => forged({})],
    ['no key where all have one', () => forged(null)],
  ])('%s as a cursor is refused', async (_, text) => {
    const {body} = await manager.get<ProblemBody>(`/v1/tasks?cursor=${text()}`);
    expect(body).toMatchObject({status: 400, code: 'bad_cursor'});
  });

  test("another tenant's cursor is refused", async () => {
    const stranger = await world.newManager();
    const {body} = await stranger.get<ProblemBody>(`/v1/tasks?cursor=${cursor}`);
    expect(body).toMatchObject({status: 410, code: 'resync'});
  });
});

test('employees list what they may see', async () => {
  const manager = await world.newManager();
  const {list} = await make(manager, 'teams', {north: {name: 'North'}});
  const employee = await world.newMember(manager, 'employee');
  expect(await list('')).toEqual(['north']);
  const {status, body} = await employee.get<Page>('/v1/teams');
  expect(status).toBe(200);
  expect(body.items).toMatchObject([{name: 'North'}]);
});

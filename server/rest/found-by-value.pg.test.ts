// Lists asked for a whole value of a sealed field: what is found, by whom, and that nothing shows the value.
import {afterAll, beforeAll, expect, test} from 'vitest';
import {createLogger} from '#server/logger.ts';
import {createWorld, type Person, type ProblemBody, type World} from '#test/support/world.ts';

interface Page {
  readonly items: readonly {readonly id: string; readonly displayName: string}[];
  readonly nextCursor: string | null;
  readonly hasMore: boolean;
}

const lines: string[] = [];
let world: World;
let manager: Person;
beforeAll(async () => {
  world = await createWorld({
    log: createLogger({level: 'debug', destination: {write: (line) => void lines.push(line)}}),
  });
  manager = await world.newManager();
});
afterAll(() => world.close());

async function make(
  person: Person,
  fields: Readonly<Record<string, string>>,
  path = 'clients',
): Promise<string> {
  const kind = path === 'clients' ? {kind: 'person'} : {};
  const {status, body} = await person.post<{id: string}>(`/v1/${path}`, {...kind, ...fields});
  expect(status).toBe(201);
  return body.id;
}

async function find(
  person: Person,
  query: Readonly<Record<string, string>>,
  path = 'clients',
): Promise<string[]> {
  const {status, body} = await person.get<Page>(`/v1/${path}?${new URLSearchParams(query).toString()}`);
  expect(status).toBe(200);
  return body.items.map(({displayName}) => displayName);
}

const change = (id: string, fields: Readonly<Record<string, string | null>>) =>
  manager.send('PATCH', `/v1/clients/${id}`, fields);

test('a client is found by the whole address in any letter case, and by no part of it', async () => {
  await make(manager, {displayName: 'Ana', email: 'Ana.Lima@Example.com'});
  await make(manager, {displayName: 'Ben', email: 'ben@example.com'});
  for (const email of ['Ana.Lima@example.com', 'ana.lima@example.com', 'ANA.LIMA@EXAMPLE.COM'])
    expect(await find(manager, {email})).toEqual(['Ana']);
  for (const email of ['ana@example.com', 'lima@example.com', 'ana.lima@example.co', 'ana.lim@example.com'])
    expect(await find(manager, {email})).toEqual([]);
});

test('a number is found in any international spelling, in its own field only', async () => {
  await make(manager, {displayName: 'Caro', phone: '+49 151 2000 0001', whatsapp: '+4915120000002'});
  for (const phone of ['+4915120000001', '+49 (151) 2000-0001', ' 4915120000001'])
    expect(await find(manager, {phone})).toEqual(['Caro']);
  expect(await find(manager, {whatsapp: '+4915120000002'})).toEqual(['Caro']);
  expect(await find(manager, {whatsapp: '+4915120000001'})).toEqual([]);
  expect(await find(manager, {phone: '+491512000000'})).toEqual([]);
  expect(await find(manager, {phone: '+4915120000001', kind: 'company'})).toEqual([]);
});

test('employees are found the same way', async () => {
  await make(manager, {displayName: 'Eva', email: 'eva@example.com', phone: '+4915130000001'}, 'employees');
  expect(await find(manager, {email: 'EVA@example.com'}, 'employees')).toEqual(['Eva']);
  expect(await find(manager, {phone: '+4915130000001'}, 'employees')).toEqual(['Eva']);
  expect(await find(manager, {email: 'eva@example.com'})).toEqual([]);
});

test('after a change a record is found under its new value only, after clearing not at all', async () => {
  const id = await make(manager, {displayName: 'Dora', email: 'dora@example.com', phone: '+4915140000001'});
  await change(id, {email: 'dora@example.org'});
  expect(await find(manager, {email: 'dora@example.com'})).toEqual([]);
  expect(await find(manager, {email: 'dora@example.org'})).toEqual(['Dora']);
  // The field that was not changed keeps what it had.
  expect(await find(manager, {phone: '+4915140000001'})).toEqual(['Dora']);
  await change(id, {email: null});
  expect(await find(manager, {email: 'dora@example.org'})).toEqual([]);
  await change(id, {email: 'dora@example.com'});
  expect(await find(manager, {email: 'dora@example.com'})).toEqual(['Dora']);
});

test('a deleted record is found where deleted ones are asked for', async () => {
  const email = 'finn@example.com';
  const id = await make(manager, {displayName: 'Finn', email});
  await manager.send('DELETE', `/v1/clients/${id}`);
  expect(await find(manager, {email})).toEqual([]);
  expect(await find(manager, {email, deleted: 'true'})).toEqual(['Finn']);
  expect(await find(manager, {email, deleted: 'any'})).toEqual(['Finn']);
});

test("another tenant's record of the same value is not found, and its row does not look the same", async () => {
  const other = await world.newManager();
  const email = 'gina@example.com';
  await make(manager, {displayName: 'Gina', email});
  expect(await find(other, {email})).toEqual([]);
  await make(other, {displayName: 'Gina too', email});
  expect(await find(other, {email})).toEqual(['Gina too']);
  expect(await find(manager, {email})).toEqual(['Gina']);
  const {rows} = await world.database.owner.query<{hash: string}>(
    `SELECT encode(email_hash, 'hex') AS hash FROM clients WHERE email_hash IS NOT NULL`,
  );
  expect(rows.length).toBeGreaterThan(2);
  expect(new Set(rows.map(({hash}) => hash)).size).toBe(rows.length);
});

test('neither tables nor cursors nor logs show the value', async () => {
  const [email, phone] = ['canary.person@example.com', '+4915155555555'];
  for (const displayName of ['H', 'I', 'J']) await make(manager, {displayName, email, phone});
  const query = `email=${encodeURIComponent(email)}&phone=${encodeURIComponent(phone)}&sort=createdAt&limit=1`;
  const shown: string[] = [];
  const names: string[] = [];
  for (let cursor = ''; ;) {
    const {status, body} = await manager.get<Page>(`/v1/clients?${query}${cursor}`);
    expect(status).toBe(200);
    names.push(...body.items.map(({displayName}) => displayName));
    if (body.nextCursor === null) break;
    shown.push(...body.nextCursor.split(/[.~]/).map((part) => Buffer.from(part, 'base64url').toString()));
    cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`;
  }
  expect(names).toEqual(['H', 'I', 'J']);
  const {rows} = await world.database.owner.query<{row: string}>(
    `SELECT c::text || r::text AS row FROM clients c JOIN records r ON r.id = c.id`,
  );
  const hexOf = (text: string) => Buffer.from(text).toString('hex');
  const all = [...shown, ...rows.map(({row}) => row), ...lines].join('\n').toLowerCase();
  expect(rows.length).toBeGreaterThan(2);
  for (const value of [email, phone, phone.slice(1)]) {
    expect(all).not.toContain(value);
    expect(all).not.toContain(hexOf(value));
  }
});

test('a cursor belongs to the value that was asked for', async () => {
  const phone = '+4915166666666';
  for (const displayName of ['K', 'L']) await make(manager, {displayName, phone});
  const ask = (query: Readonly<Record<string, string>>) =>
    manager.get<Page & ProblemBody>(`/v1/clients?${new URLSearchParams({limit: '1', ...query}).toString()}`);
  const {body} = await ask({phone});
  const cursor = body.nextCursor!;
  expect((await ask({phone: ' 49 151 66666666', cursor})).body.items).toHaveLength(1);
  expect((await ask({phone: '+4915166666667', cursor})).body.code).toBe('bad_cursor');
  expect((await ask({cursor})).body.code).toBe('bad_cursor');
});

test.each([
  ['email', 'ana'],
  ['email', '@example.com'],
  ['phone', '0151 2000 0001'],
  ['phone', '+'],
  ['whatsapp', 'none'],
  ['whatsapp', ''],
])('%s=%j is refused, and the parameter named', async (param, value) => {
  const {status, body} = await manager.get<ProblemBody>(
    `/v1/clients?${new URLSearchParams({[param]: value}).toString()}`,
  );
  expect(status).toBe(400);
  expect(body).toMatchObject({code: 'bad_request', fields: {[param]: expect.any(String) as string}});
  if (value.length > 3) expect(JSON.stringify(body)).not.toContain(value);
});

test('each findable column has an index behind its tenant', async () => {
  const {rows} = await world.database.owner.query<{indexdef: string}>(
    `SELECT indexdef FROM pg_indexes WHERE indexname LIKE '%\\_hash' ORDER BY indexname`,
  );
  expect(rows.map(({indexdef}) => /ON public\.(.*) USING btree (.*) WHERE/.exec(indexdef)?.slice(1))).toEqual(
    [
      ['clients', '(tenant_id, email_hash)'],
      ['clients', '(tenant_id, phone_hash)'],
      ['clients', '(tenant_id, whatsapp_hash)'],
      ['employees', '(tenant_id, email_hash)'],
      ['employees', '(tenant_id, phone_hash)'],
    ],
  );
});

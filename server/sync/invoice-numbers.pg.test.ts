// Numbers of invoices and credit notes on a real database: when they are given, from which series, and never twice or
// with a gap.
import {randomUUID} from 'node:crypto';
import pg from 'pg';
import {expect, test, vi} from 'vitest';
import type {JsonObject} from '#crdt/json.ts';
import {createArena, kept, query, untilWaiting, type Arena, type Node} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission} from '#test/support/submissions.ts';
import {verifyDatabase} from './verify.ts';

const entity = 'finance_entries';
const line = {id: 'l1', position: 'a0', description: 'Pump', quantityMilli: 1000, unitPriceMinor: 9900};

interface Row {
  readonly number: string | null;
  readonly status: string;
  readonly issue_date: string | null;
}

const read = async (arena: Arena, id: string): Promise<Row> => {
  const [row] = await query<Row>(
    arena,
    'SELECT number, status, issue_date::text FROM finance_entries WHERE id = $1',
    [id],
  );
  return row!;
};

const write = async (arena: Arena, node: Node, id: string, payload: JsonObject) =>
  kept(await node.submit(jsonSubmission(arena.manager, {entity, id, payload})));

const newDraft = async (arena: Arena, node: Node, payload: JsonObject = {}): Promise<string> => {
  const id = randomUUID();
  await write(arena, node, id, {kind: 'invoice', currency: 'EUR', lineItems: [line], ...payload});
  return id;
};

const isSound = async ({database, tenancy}: Arena): Promise<void> => {
  const {faults} = await verifyDatabase({pool: database.pool, keyring: tenancy.keyring});
  expect(faults).toEqual([]);
};

const numbersOf = (prefix: string, count: number): string[] =>
  Array.from({length: count}, (_, index) => `${prefix}-${String(index + 1).padStart(5, '0')}`);

test('a draft has no number; issued or sent it gets one, of the year of its date', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const draft = await newDraft(arena, node, {issueDate: '2025-12-31'});
  expect((await read(arena, draft)).number).toBeNull();
  await write(arena, node, draft, {status: 'issued'});
  expect(await read(arena, draft)).toMatchObject({number: 'INV-2025-00001', issue_date: '2025-12-31'});
  const sent = await newDraft(arena, node, {issueDate: '2026-01-01', status: 'sent'});
  expect((await read(arena, sent)).number).toBe('INV-2026-00001');
  const credit = await newDraft(arena, node, {
    kind: 'credit_note',
    issueDate: '2026-01-01',
    status: 'issued',
  });
  expect((await read(arena, credit)).number).toBe('CN-2026-00001');
  const expense = await newDraft(arena, node, {kind: 'expense', status: 'issued'});
  expect((await read(arena, expense)).number).toBeNull();
  await isSound(arena);
});

test('without a date it is dated the day it was issued, by the clock of the server in UTC', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const id = await newDraft(arena, node);
  const issue = jsonSubmission(arena.manager, {entity, id, payload: {status: 'issued'}});
  kept(await node.submit({...issue, now: Date.parse('2026-12-31T23:59:59.999Z')}));
  expect(await read(arena, id)).toMatchObject({number: 'INV-2026-00001', issue_date: '2026-12-31'});
});

test('void keeps the number, and a draft that goes straight to void takes none', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const issued = await newDraft(arena, node, {issueDate: '2026-03-01', status: 'issued'});
  await write(arena, node, issued, {status: 'void'});
  expect(await read(arena, issued)).toMatchObject({number: 'INV-2026-00001', status: 'void'});
  const thrownAway = await newDraft(arena, node);
  await write(arena, node, thrownAway, {status: 'void'});
  expect((await read(arena, thrownAway)).number).toBeNull();
  await isSound(arena);
});

test('invoices issued at the same moment on two nodes get neighbouring numbers', async () => {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  const ids = await Promise.all(
    Array.from({length: 40}, (_, index) => newDraft(arena, nodes[index % 2]!, {issueDate: '2026-05-05'})),
  );
  // The same ones on both: whoever is second finds it issued.
  await Promise.all(ids.flatMap((id) => nodes.map((node) => write(arena, node, id, {status: 'issued'}))));
  const rows = await Promise.all(ids.map((id) => read(arena, id)));
  expect(rows.map(({number}) => number).sort()).toEqual(numbersOf('INV-2026', 40));
  expect(nodes.flatMap(({faults}) => faults)).toEqual([]);
  await isSound(arena);
});

test('a transaction that is rolled back after it took a number leaves no hole', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const id = await newDraft(arena, node, {issueDate: '2026-05-05'});
  const holder = await arena.owner.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [arena.tenantId]);
  const receipt = write(arena, node, id, {status: 'issued'});
  // The number is taken before the counter, which is held: what waits here has it.
  const [waiting] = await untilWaiting(arena);
  await query(arena, 'SELECT pg_terminate_backend($1)', [waiting]);
  await holder.query('COMMIT');
  holder.release();
  await receipt;
  expect(node.faults).not.toEqual([]);
  expect((await read(arena, id)).number).toBe('INV-2026-00001');
  const next = await newDraft(arena, node, {issueDate: '2026-05-05', status: 'issued'});
  expect((await read(arena, next)).number).toBe('INV-2026-00002');
  await isSound(arena);
});

test('drafts that are edited live are written without locking; the one that is issued gets its number', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const id = randomUUID();
  const device = createReplica(arena.manager, {entity, id});
  await node.submit(
    device.edit((doc) => {
      doc.getMap('fields').set('kind', [Date.now(), 'invoice']);
      doc.getMap('fields').set('issueDate', [Date.now(), '2026-05-05']);
    }),
  );
  const queries = vi.spyOn(pg.Client.prototype, 'query');
  const locks = (): number =>
    queries.mock.calls.filter(([statement]) => (statement as {name?: string}).name === 'lock_records').length;
  for (let edit = 0; edit < 5; edit++) kept(await node.submit(device.set('category', `Kind ${edit}`)));
  expect(locks()).toBe(0);
  kept(await node.submit(device.set('status', 'issued')));
  expect(locks()).toBe(1);
  kept(await node.submit(device.set('dueDate', '2026-06-05')));
  expect(locks()).toBe(1);
  expect(await read(arena, id)).toMatchObject({number: 'INV-2026-00001', status: 'issued'});
  expect(node.faults).toEqual([]);
  await isSound(arena);
});

test('what was issued stands: edits made offline meanwhile lose and are recorded', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const id = await newDraft(arena, node, {amountMinor: 100, taxMode: 'exclusive', issueDate: '2026-05-05'});
  const [before] = await query<{seq: number}>(arena, 'SELECT seq FROM tenant_counters');
  await write(arena, node, id, {status: 'issued'});
  const offline = await arena.tenancy.onNewDevice(arena.manager);
  const receipt = kept(
    await node.submit(
      jsonSubmission(offline, {
        entity,
        id,
        base: {kind: 'cursor', seq: before!.seq},
        at: Date.now() + 1000,
        payload: {
          status: 'draft',
          currency: 'USD',
          amountMinor: 1,
          taxMode: 'inclusive',
          issueDate: '2024-01-01',
          lineItems: [{...line, unitPriceMinor: 1}],
          publicNotes: 'Thank you.',
        },
      }),
    ),
  );
  const fields = receipt.conflicts.flatMap((conflict) => conflict.fields).sort();
  expect(fields).toEqual(['amountMinor', 'currency', 'issueDate', 'lineItems/l1', 'status', 'taxMode']);
  const [row] = await query(
    arena,
    `SELECT number, status, currency, amount_minor, tax_mode, issue_date::text, total_minor
     FROM finance_entries WHERE id = $1`,
    [id],
  );
  expect(row).toEqual({
    number: 'INV-2026-00001',
    status: 'issued',
    currency: 'EUR',
    amount_minor: 100,
    tax_mode: 'exclusive',
    issue_date: '2026-05-05',
    total_minor: 9900,
  });
  await isSound(arena);
});

test('a device that sets an issued invoice back to draft, knowing it, leaves it issued in its row', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const id = randomUUID();
  const device = createReplica(arena.manager, {entity, id});
  await node.submit(
    device.edit((doc) => {
      doc.getMap('fields').set('kind', [Date.now(), 'invoice']);
      doc.getMap('fields').set('status', [Date.now(), 'issued']);
    }),
  );
  for (const status of ['draft', null, 'approved']) {
    const receipt = kept(await node.submit(device.set('status', status, Date.now() + 60_000)));
    expect(receipt.conflicts.map(({fields}) => fields)).toEqual([['status']]);
    expect(receipt.refused).toEqual([{field: 'status', code: 'frozen'}]);
    expect((await read(arena, id)).status).toBe('issued');
  }
  kept(await node.submit(device.set('status', 'sent')));
  await write(arena, node, id, {status: 'issued'});
  expect((await read(arena, id)).status).toBe('sent');
  await isSound(arena);
});

test.each([
  ['twice', `UPDATE finance_entries SET number = 'INV-2026-00001'`, 'finance_entries number'],
  [
    'with a gap',
    `UPDATE finance_entries SET number = 'INV-2026-00009' WHERE number LIKE '%2'`,
    'finance_entries number',
  ],
  [
    'of another series',
    `UPDATE finance_entries SET number = 'INV-2025-00001' WHERE number LIKE '%2'`,
    'series INV-2025',
  ],
])('the verification names a number given %s', async (_, statement, place) => {
  const arena = await createArena();
  const node = await arena.startNode();
  for (let index = 0; index < 2; index++)
    await newDraft(arena, node, {issueDate: '2026-05-05', status: 'issued'});
  await isSound(arena);
  await query(arena, statement);
  const {faults} = await verifyDatabase({pool: arena.database.pool, keyring: arena.tenancy.keyring});
  expect(faults.map((fault) => fault.place)).toContain(place);
});

// The log of a tenant: gapless, in order of commit, and chained so that the head follows from the rows.
import {afterAll, expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createTenancy} from '#test/support/tenancy.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {AUDIT_HEAD_START, auditDigest, groupDigest, nextAuditHead, type AuditRow} from './audit-chain.ts';
import {appendAudit} from './audit.ts';
import {withTenant} from './transaction.ts';

const {database, owner, drop} = await createTestDatabase({poolSize: 8});
const {pool} = database;
const tenancy = createTenancy(pool);
afterAll(drop);

const note = (summary: string): AuditRow => ({
  action: 'test.noted',
  entity: null,
  recordId: null,
  userId: null,
  deviceId: null,
  summary,
  detail: null,
});

interface StoredRow extends AuditRow {
  seq: number;
  groupSeq: number;
  at: Date;
  digest: Buffer;
}

async function readLog(tenantId: TenantId): Promise<{rows: StoredRow[]; head: Buffer; seq: number}> {
  const {rows} = await owner.query<StoredRow>(
    `SELECT seq, group_seq AS "groupSeq", at, action, entity, record_id AS "recordId", user_id AS "userId",
            device_id AS "deviceId", summary, detail, digest
     FROM audit_logs WHERE tenant_id = $1 ORDER BY seq`,
    [tenantId],
  );
  const counter = await owner.query<{head: Buffer; seq: number}>(
    'SELECT audit_head AS head, seq FROM tenant_counters WHERE tenant_id = $1',
    [tenantId],
  );
  return {rows, ...counter.rows[0]!};
}

function computeHead(tenantId: TenantId, rows: readonly StoredRow[]): Buffer {
  const digestsByGroup = new Map<number, Buffer[]>();
  for (const row of rows) {
    const digests = digestsByGroup.get(row.groupSeq) ?? [];
    digestsByGroup.set(row.groupSeq, [...digests, auditDigest(tenantId, row)]);
  }
  let head: Buffer = Buffer.from(AUDIT_HEAD_START);
  for (const [firstSeq, digests] of digestsByGroup)
    head = nextAuditHead(head, {firstSeq, digest: groupDigest(digests)});
  return head;
}

test('groups that commit at once get numbers without gaps, and each keeps the order of its rows', async () => {
  const {tenantId} = await tenancy.newTenant();
  const append = (group: number) =>
    withTenant(pool, tenantId, (client) =>
      appendAudit(client, tenantId, [note(`${group} a`), note(`${group} b`)]),
    );
  const groups = await Promise.all(Array.from({length: 20}, (_, index) => append(index)));
  const {rows, seq} = await readLog(tenantId);
  expect(rows.map((row) => row.seq)).toEqual(Array.from({length: seq}, (_, index) => index + 1));
  for (const {firstSeq, lastSeq, at} of groups) {
    const own = rows.filter(({groupSeq}) => groupSeq === firstSeq);
    expect(own.map((row) => row.seq)).toEqual([firstSeq, lastSeq]);
    expect(own.map(({summary}) => summary.slice(-1))).toEqual(['a', 'b']);
    expect(own[0]?.at).toEqual(at);
  }
  const times = groups.toSorted((a, b) => a.firstSeq - b.firstSeq).map(({at}) => at.getTime());
  expect(times.every((time, index) => index === 0 || time > times[index - 1]!)).toBe(true);
});

test('the head that Postgres computed follows from the rows, and not from altered ones', async () => {
  const {tenantId, manager} = await tenancy.newTenant();
  const rows: AuditRow[] = [
    {...note('Straße 北'), entity: 'tasks', recordId: manager.membershipId, userId: manager.userId},
    {...note(''), deviceId: manager.deviceId, detail: Buffer.from([0, 255, 1])},
  ];
  await withTenant(pool, tenantId, (client) => appendAudit(client, tenantId, rows));
  const log = await readLog(tenantId);
  expect(log.rows.every((row) => row.digest.equals(auditDigest(tenantId, row)))).toBe(true);
  expect(computeHead(tenantId, log.rows)).toEqual(log.head);
  const altered = log.rows.map((row) => ({...row, summary: row.summary.replace('ß', 'ss')}));
  expect(computeHead(tenantId, altered)).not.toEqual(log.head);
  expect(computeHead(tenantId, log.rows.slice(0, -1))).not.toEqual(log.head);
});

test('a digest tells parts apart that read the same in a row', () => {
  const tenantId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff' as TenantId;
  const digests = [
    {...note(''), action: 'ab', entity: 'c'},
    {...note(''), action: 'a', entity: 'bc'},
    {...note(''), action: 'abc', entity: null},
    {...note(''), action: 'abc', entity: ''},
  ].map((row) => auditDigest(tenantId, row).toString('hex'));
  expect(new Set(digests).size).toBe(4);
});

test('a clock that was set back does not set the log back', async () => {
  const {tenantId} = await tenancy.newTenant();
  const ahead = new Date(Date.now() + 3_600_000);
  await owner.query('UPDATE tenant_counters SET at = $2 WHERE tenant_id = $1', [tenantId, ahead]);
  const {at} = await withTenant(pool, tenantId, (client) => appendAudit(client, tenantId, [note('x')]));
  expect(at.getTime()).toBe(ahead.getTime() + 1);
});

test('only a change of access moves the access version', async () => {
  const {tenantId} = await tenancy.newTenant();
  const append = (changesAccess: boolean) =>
    withTenant(pool, tenantId, (client) => appendAudit(client, tenantId, [note('x')], {changesAccess}));
  const before = (await append(false)).accessVersion;
  expect((await append(false)).accessVersion).toBe(before);
  expect((await append(true)).accessVersion).toBe(before + 1);
});

// Kept changes: those that came for a record outside their author's scope. The lane writes them and marks those that
// are applied; here they are read, counted, discarded and, long after, forgotten.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {QUARANTINE_OPEN_MAX} from '#crdt/protocol/limits.ts';
import type {QuarantineStatus} from '#crdt/protocol/quarantine.ts';
import type {QuarantineWrite} from './group-notes.ts';
import {asWorker, withTenant} from './transaction.ts';

export interface QuarantineRow {
  readonly id: string;
  readonly entity: EntityName;
  readonly recordId: string;
  readonly userId: string;
  readonly deviceId: string;
  /** Null where they never told. */
  readonly authorName: string | null;
  /** Of their membership, also one that ended; null where it has none. */
  readonly employeeId: string | null;
  /** Sealed; see quarantinePlace. */
  readonly change: Buffer;
  readonly arrivedAt: Date;
  readonly status: QuarantineStatus;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
  readonly decisionSeq: number | null;
  /** Of the decision in the log, sealed: its note. */
  readonly detail: Buffer | null;
}

/** Where a kept change is sealed to. */
export const quarantinePlace = (id: string) => ({
  table: 'quarantined_changes',
  column: 'change',
  record: id,
  version: 0,
});

const rowSql = `
  SELECT q.id, q.entity, q.record_id AS "recordId", q.user_id AS "userId", q.device_id AS "deviceId",
         u.name AS "authorName", m.employee_id AS "employeeId", q.change, q.arrived_at AS "arrivedAt", q.status,
         q.decided_at AS "decidedAt", q.decided_by AS "decidedBy", q.decision_seq AS "decisionSeq", a.detail
  FROM quarantined_changes q
  LEFT JOIN memberships m ON m.tenant_id = q.tenant_id AND m.user_id = q.user_id
  LEFT JOIN users u ON u.id = q.user_id
  LEFT JOIN audit_logs a ON a.tenant_id = q.tenant_id AND a.seq = q.decision_seq
  WHERE q.tenant_id = $1`;

/** In the order in which they came, after a place. */
export async function listQuarantined(
  client: pg.ClientBase,
  tenantId: TenantId,
  {
    after,
    status,
    limit,
  }: {
    after: {createdAt: Date; id: string} | null;
    status: QuarantineStatus | undefined;
    limit: number;
  },
): Promise<QuarantineRow[]> {
  const {rows} = await client.query<QuarantineRow>(
    `${rowSql} AND ($2::timestamptz IS NULL OR (q.arrived_at, q.id) > ($2, $3::uuid))
       AND ($4::text IS NULL OR q.status = $4)
     ORDER BY q.arrived_at, q.id LIMIT $5`,
    [tenantId, after?.createdAt ?? null, after?.id ?? null, status ?? null, limit],
  );
  return rows;
}

/** lock: until the transaction ends nobody else decides about it. */
export async function findQuarantined(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, lock}: {id: string; lock: boolean},
): Promise<QuarantineRow | undefined> {
  const {rows} = await client.query<QuarantineRow>(
    `${rowSql} AND q.id = $2 ${lock ? 'FOR UPDATE OF q' : ''}`,
    [tenantId, id],
  );
  return rows[0];
}

/** Locks kept changes, in one order for all callers; answers those that nobody decided about yet. */
export async function lockOpen(
  client: pg.ClientBase,
  tenantId: TenantId,
  ids: readonly string[],
): Promise<string[]> {
  const {rows} = await client.query<{id: string; status: QuarantineStatus}>(
    `SELECT id, status FROM quarantined_changes WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
     ORDER BY id FOR UPDATE`,
    [tenantId, ids],
  );
  return rows.filter(({status}) => status === 'open').map(({id}) => id);
}

/** The caller has it locked and open. */
export async function saveDiscarded(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, at, by, seq}: {id: string; at: Date; by: string; seq: number},
): Promise<void> {
  await client.query(
    `UPDATE quarantined_changes SET status = 'discarded', decided_at = $3, decided_by = $4, decision_seq = $5
     WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id, at, by, seq],
  );
}

/**
 * Those of `writes` that there is room for, or that are kept already: QUARANTINE_OPEN_MAX wait per member, a few more
 * where several nodes count at once.
 */
export async function limitKept(
  client: pg.ClientBase,
  tenantId: TenantId,
  writes: readonly QuarantineWrite[],
): Promise<QuarantineWrite[]> {
  const userIds = [...new Set(writes.map(({userId}) => userId))];
  const room = new Map<string, number>();
  for (const userId of userIds)
    room.set(userId, QUARANTINE_OPEN_MAX - (await countOpen(client, tenantId, userId)));
  const [fitting, rest]: [QuarantineWrite[], QuarantineWrite[]] = [[], []];
  for (const write of writes) {
    const left = room.get(write.userId) ?? 0;
    room.set(write.userId, left - 1);
    (left > 0 ? fitting : rest).push(write);
  }
  return rest.length === 0 ? fitting : [...fitting, ...(await keptAlready(client, tenantId, rest))];
}

/** Up to the bound. By device, because that is how they are found without reading everybody's. */
async function countOpen(client: pg.ClientBase, tenantId: TenantId, userId: string): Promise<number> {
  const {rows} = await client.query<{count: number}>(
    `SELECT count(*)::int AS count FROM (
       SELECT FROM devices d JOIN quarantined_changes q ON q.tenant_id = d.tenant_id AND q.device_id = d.id
       WHERE d.tenant_id = $1 AND d.user_id = $2 AND q.status = 'open' LIMIT $3) AS open`,
    [tenantId, userId, QUARANTINE_OPEN_MAX],
  );
  return rows[0]?.count ?? 0;
}

async function keptAlready(
  client: pg.ClientBase,
  tenantId: TenantId,
  writes: readonly QuarantineWrite[],
): Promise<QuarantineWrite[]> {
  const {rows} = await client.query<{place: number}>(
    `SELECT w.place::int AS place
     FROM unnest($2::uuid[], $3::bytea[]) WITH ORDINALITY AS w (device_id, fingerprint, place)
     JOIN quarantined_changes q
       ON q.tenant_id = $1 AND q.device_id = w.device_id AND q.fingerprint = w.fingerprint`,
    [tenantId, writes.map(({deviceId}) => deviceId), writes.map(({fingerprint}) => fingerprint)],
  );
  return rows.flatMap(({place}) => writes[place - 1] ?? []);
}

/** Forgets those decided about more than `days` ago; how many there were. Crosses tenants: run by a maintenance task only. */
export async function forgetDecided(pool: pg.Pool, days: number): Promise<number> {
  let count = 0;
  for (const tenantId of await listTenantsWithDecided(pool, days)) {
    const {rowCount} = await withTenant(pool, tenantId, (client) =>
      client.query(
        `DELETE FROM quarantined_changes WHERE tenant_id = $1 AND decided_at < now() - make_interval(days => $2)`,
        [tenantId, days],
      ),
    );
    count += rowCount ?? 0;
  }
  return count;
}

async function listTenantsWithDecided(pool: pg.Pool, days: number): Promise<TenantId[]> {
  const {rows} = await asWorker(pool, (client) =>
    client.query<{tenantId: TenantId}>(
      `SELECT DISTINCT tenant_id AS "tenantId" FROM quarantined_changes
       WHERE decided_at < now() - make_interval(days => $1)`,
      [days],
    ),
  );
  return rows.map(({tenantId}) => tenantId);
}

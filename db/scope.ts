// Who has which records in scope: kept in record_access by the transactions that change what decides about it, while
// they hold the tenant's counter. So no two of them can each miss what the other did.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import {entityNames} from '#crdt/entities/registry.ts';
import {isScoped} from '#crdt/entities/scope.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {RecordKey} from './records.ts';
import {differencesSql, scopeOfAllSql, scopeOfMemberSql} from './scope-sql.ts';

/** A record that came into or left the scope of a member. */
export interface AccessChange extends RecordKey {
  readonly userId: string;
  readonly granted: boolean;
}

/** The same with its position in the tenant's feed. */
export interface AccessEvent extends AccessChange {
  readonly seq: number;
}

/** A record that is in a member's scope. */
export interface Grant extends RecordKey {
  readonly userId: string;
}

/** What may have changed scope: records, also those that a changed field named before, and teams. */
export interface ScopeSeeds {
  readonly records: readonly RecordKey[];
  readonly teams: readonly string[];
}

/**
 * What record_access does not say yet, losses first. The caller holds the tenant's counter and has written the
 * rows.
 */
export async function findAccessChanges(
  client: pg.ClientBase,
  tenantId: TenantId,
  {records, teams}: ScopeSeeds,
): Promise<AccessChange[]> {
  const {rows} = await client.query<AccessChange>({
    name: 'access_changes',
    text: differencesSql,
    values: [tenantId, records.map(({entity}) => entity), records.map(({id}) => id), teams],
  });
  return rows;
}

const saveSql = `
  INSERT INTO record_access (tenant_id, user_id, entity, record_id, granted, seq, changed_at)
  SELECT $1, e.user_id, e.entity, e.record_id, e.granted, e.seq, c.at
  FROM tenant_counters c,
    unnest($2::uuid[], $3::text[], $4::uuid[], $5::boolean[], $6::bigint[]) AS e (user_id, entity, record_id, granted, seq)
  WHERE c.tenant_id = $1
  ON CONFLICT (tenant_id, user_id, entity, record_id)
  DO UPDATE SET granted = excluded.granted, seq = excluded.seq, changed_at = excluded.changed_at`;

export async function saveAccessEvents(
  client: pg.ClientBase,
  tenantId: TenantId,
  events: readonly AccessEvent[],
): Promise<void> {
  await client.query({
    name: 'save_access_events',
    text: saveSql,
    values: [
      tenantId,
      events.map(({userId}) => userId),
      events.map(({entity}) => entity),
      events.map(({id}) => id),
      events.map(({granted}) => granted),
      events.map(({seq}) => seq),
    ],
  });
}

const renewSql = `
  INSERT INTO record_access (tenant_id, user_id, entity, record_id, granted, seq, changed_at)
  SELECT $1, s.user_id, s.entity, s.id, true, 0, c.at
  FROM (${scopeOfMemberSql}) s, tenant_counters c WHERE c.tenant_id = $1`;

/**
 * Begins a member's scope anew, after their role or membership changed: cursors of before are no longer taken, so
 * nothing of it is an event. The caller holds the tenant's counter and has written the membership.
 */
export async function renewScope(client: pg.ClientBase, tenantId: TenantId, userId: string): Promise<void> {
  await Promise.all([
    client.query('DELETE FROM record_access WHERE tenant_id = $1 AND user_id = $2', [tenantId, userId]),
    client.query(renewSql, [tenantId, userId]),
  ]);
}

/** Of `ids`, whatever their entity, those in the member's scope. */
export async function findGranted(
  client: pg.ClientBase,
  tenantId: TenantId,
  wanted: readonly {readonly userId: string; readonly id: string}[],
): Promise<Grant[]> {
  const {rows} = await client.query<Grant>({
    name: 'find_granted',
    text: `SELECT a.user_id AS "userId", a.entity, a.record_id AS id
           FROM unnest($2::uuid[], $3::uuid[]) AS w (user_id, id)
           CROSS JOIN LATERAL (
             SELECT * FROM record_access
             WHERE tenant_id = $1 AND user_id = w.user_id AND entity = ANY($4::text[]) AND record_id = w.id AND granted
             OFFSET 0) AS a`,
    values: [tenantId, wanted.map(({userId}) => userId), wanted.map(({id}) => id), scopedNames],
  });
  return rows;
}

/** Everything in these members' scopes that is granted record by record; at most `limit` of each. */
export async function findScopes(
  client: pg.ClientBase,
  tenantId: TenantId,
  {userIds, limit}: {userIds: readonly string[]; limit: number},
): Promise<Grant[]> {
  const {rows} = await client.query<Grant>({
    name: 'find_scopes',
    text: `SELECT u.id AS "userId", a.entity, a.record_id AS id
           FROM unnest($2::uuid[]) AS u (id) CROSS JOIN LATERAL (
             SELECT entity, record_id FROM record_access
             WHERE tenant_id = $1 AND user_id = u.id AND entity = ANY($4::text[]) AND granted LIMIT $3) AS a`,
    values: [tenantId, userIds, limit, scopedNames],
  });
  return rows;
}

const scopedNames: readonly EntityName[] = entityNames.filter(isScoped);

/** All records in a member's scope that are told one by one, and the position up to which that holds. */
export async function readScope(
  client: pg.ClientBase,
  tenantId: TenantId,
  userId: string,
): Promise<{readonly head: number; readonly records: readonly RecordKey[]}> {
  // The head first: what is granted between the two statements is then told again, never missed.
  const [head, granted] = await Promise.all([
    client.query<{seq: number}>('SELECT seq FROM tenant_counters WHERE tenant_id = $1', [tenantId]),
    client.query<RecordKey>(
      'SELECT entity, record_id AS id FROM record_access WHERE tenant_id = $1 AND user_id = $2 AND granted',
      [tenantId, userId],
    ),
  ]);
  return {head: head.rows[0]?.seq ?? 0, records: granted.rows};
}

/** The latest change of each member and record, of those after a position. */
export async function readAccessEvents(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, upTo}: {after: number; upTo: number},
): Promise<AccessEvent[]> {
  const {rows} = await client.query<AccessEvent>(
    `SELECT user_id AS "userId", entity, record_id AS id, granted, seq FROM record_access
     WHERE tenant_id = $1 AND seq > 0 AND seq > $2 AND seq <= $3`,
    [tenantId, after, upTo],
  );
  return rows;
}

/** Where record_access says something else than the rows; one of several, for `npm run verify`. */
export async function findScopeFault(
  client: pg.ClientBase,
  tenantId: TenantId,
): Promise<(AccessChange & {readonly count: number}) | undefined> {
  const {rows} = await client.query<AccessChange & {count: number}>(
    `WITH wanted AS (${scopeOfAllSql}),
     held AS (
       SELECT a.entity, a.user_id, a.record_id AS id FROM record_access a
       JOIN memberships m ON m.tenant_id = a.tenant_id AND m.user_id = a.user_id
       WHERE a.tenant_id = $1 AND a.granted AND m.role = 'employee' AND m.status = 'active'),
     faults AS ((SELECT *, false AS granted FROM (SELECT * FROM wanted EXCEPT SELECT * FROM held) AS missing)
       UNION ALL (SELECT *, true FROM (SELECT * FROM held EXCEPT SELECT * FROM wanted) AS extra))
     SELECT user_id AS "userId", entity, id, granted, count(*) OVER ()::int AS count FROM faults LIMIT 1`,
    [tenantId],
  );
  return rows[0];
}

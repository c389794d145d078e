// Appends to a tenant's log from a transaction that is about something else than records: memberships, invitations,
// tenants. The lane appends in a statement of its own, by the same rules.
import type pg from 'pg';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {auditDigest, auditHeadSql, groupDigest, type AuditRow} from './audit-chain.ts';

export interface AuditGroup {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Of the commit: later than any before it in this tenant. */
  readonly at: Date;
  /** After this commit. */
  readonly accessVersion: number;
  readonly scopeVersion: number;
}

/** The new `at` of tenant_counters: the clock's milliseconds, or one more than before should it lag. */
export const COUNTER_AT_SQL = `greatest(date_trunc('milliseconds', clock_timestamp()), at + interval '1 millisecond')`;

const appendSql = `
  WITH counter AS (
    UPDATE tenant_counters
    SET seq = seq + $2,
        at = ${COUNTER_AT_SQL},
        access_version = access_version + $3,
        scope_version = scope_version + $13,
        audit_head = ${auditHeadSql('$4')}
    WHERE tenant_id = $1
    RETURNING seq, at, access_version, scope_version
  ), added AS (
    INSERT INTO audit_logs (tenant_id, seq, at, group_seq, action, entity, record_id, user_id, device_id,
                            summary, detail, digest)
    SELECT $1, counter.seq - $2 + row.place, counter.at, counter.seq - $2 + 1, row.action, row.entity,
           row.record_id, row.user_id, row.device_id, row.summary, row.detail, row.digest
    FROM counter, unnest($5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::uuid[], $10::text[], $11::bytea[],
                         $12::bytea[]) WITH ORDINALITY
      AS row (action, entity, record_id, user_id, device_id, summary, detail, digest, place)
  )
  SELECT seq AS "lastSeq", at, access_version AS "accessVersion", scope_version AS "scopeVersion" FROM counter`;

/**
 * Appends `rows` in their order, one or more, as one group. Takes the lock on the tenant's counter, which orders
 * all its commits, so it is the last statement before COMMIT. changesAccess: who may see or write what is no
 * longer the same, and whoever decided on it before must decide again; changesScope: records came into or left
 * somebody's scope, likewise.
 */
export async function appendAudit(
  client: pg.ClientBase,
  tenantId: TenantId,
  rows: readonly AuditRow[],
  {changesAccess = false, changesScope = false}: {changesAccess?: boolean; changesScope?: boolean} = {},
): Promise<AuditGroup> {
  const digests = rows.map((row) => auditDigest(tenantId, row));
  const result = await client.query<Omit<AuditGroup, 'firstSeq'>>({
    name: 'append_audit',
    text: appendSql,
    values: [
      tenantId,
      rows.length,
      changesAccess ? 1 : 0,
      groupDigest(digests),
      rows.map(({action}) => action),
      rows.map(({entity}) => entity),
      rows.map(({recordId}) => recordId),
      rows.map(({userId}) => userId),
      rows.map(({deviceId}) => deviceId),
      rows.map(({summary}) => summary),
      rows.map(({detail}) => detail),
      digests,
      changesScope ? 1 : 0,
    ],
  });
  const [counter] = result.rows;
  if (counter === undefined) throw new Error('The tenant has no counter');
  return {...counter, firstSeq: counter.lastSeq - rows.length + 1};
}

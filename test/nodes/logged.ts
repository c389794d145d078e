// What the database says of one record when all is over: its places in the log, and the conflicts at each.
import type pg from 'pg';
import type {NewConflict} from '#crdt/change.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {listConflicts} from '#db/conflicts.ts';
import {withTenant} from '#db/transaction.ts';
import {openEntries} from '#server/sync/conflict-json.ts';
import type {Service} from '#server/sync/service.ts';

export interface LoggedConflict extends NewConflict {
  readonly id: string;
}

/** Of one tenant, by record. */
export interface Logged {
  readonly seqs: ReadonlyMap<string, readonly number[]>;
  /** By record and position. */
  readonly conflicts: ReadonlyMap<string, ReadonlyMap<number, readonly LoggedConflict[]>>;
  /** Positions of the tenant's whole log, ascending. */
  readonly positions: readonly number[];
  /** At which position which user lost their membership. */
  readonly removals: ReadonlyMap<string, number>;
  /** Of each position: the first one of its commit. */
  readonly groups: ReadonlyMap<number, number>;
}

const PAGE = 5_000;

/** owner: sees all rows. */
export async function readLogged(
  service: Pick<Service, 'pool' | 'tenantKeys'>,
  owner: pg.Pool,
  tenantId: TenantId,
): Promise<Logged> {
  const {rows} = await owner.query<{
    seq: number;
    group: number;
    action: string;
    record: string | null;
    user: string | null;
  }>(
    `SELECT a.seq, a.group_seq AS "group", a.action, a.record_id AS record, m.user_id AS "user" FROM audit_logs a
     LEFT JOIN memberships m ON a.action = 'member.removed' AND m.tenant_id = a.tenant_id AND m.id = a.record_id
     WHERE a.tenant_id = $1 ORDER BY a.seq`,
    [tenantId],
  );
  const seqs = new Map<string, number[]>();
  const removals = new Map<string, number>();
  for (const {seq, action, record, user} of rows) {
    if (user !== null) removals.set(user, seq);
    if (record === null || !action.startsWith('record.')) continue;
    const places = seqs.get(record) ?? [];
    places.push(seq);
    seqs.set(record, places);
  }
  return {
    seqs,
    removals,
    groups: new Map(rows.map(({seq, group}) => [seq, group])),
    positions: rows.map(({seq}) => seq),
    conflicts: await readConflicts(service, tenantId),
  };
}

async function readConflicts(
  {pool, tenantKeys}: Pick<Service, 'pool' | 'tenantKeys'>,
  tenantId: TenantId,
): Promise<Logged['conflicts']> {
  const cipher = await tenantKeys.cipherOf(tenantId);
  const byRecord = new Map<string, Map<number, LoggedConflict[]>>();
  let after = {seq: 0, id: null as string | null};
  for (let more = true; more;) {
    const rows = await withTenant(pool, tenantId, (client) =>
      listConflicts(client, tenantId, {after, status: undefined, limit: PAGE}),
    );
    for (const row of rows) {
      const bySeq = byRecord.get(row.recordId) ?? new Map<number, LoggedConflict[]>();
      byRecord.set(row.recordId, bySeq);
      const found = bySeq.get(row.seq) ?? [];
      found.push({id: row.id, key: row.key, entries: openEntries(cipher, row)});
      bySeq.set(row.seq, found);
    }
    const last = rows.at(-1);
    more = rows.length === PAGE;
    if (last !== undefined) after = {seq: last.seq, id: last.id};
  }
  return byRecord;
}

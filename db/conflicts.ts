// Conflicts for review. They are written by group-commit.ts, in the transaction that merged.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import type {ConflictStatus} from '#crdt/protocol/conflicts.ts';

export interface ConflictRow {
  readonly id: string;
  readonly seq: number;
  readonly entity: EntityName;
  readonly recordId: string;
  readonly key: string;
  /** Sealed; see conflictPlace. */
  readonly fields: Buffer;
  readonly summary: string;
  readonly status: ConflictStatus;
  readonly createdAt: Date;
  readonly resolvedAt: Date | null;
  readonly resolvedBy: string | null;
  /** Sealed. */
  readonly note: Buffer | null;
  readonly resolutionSeq: number | null;
}

/** Where a sealed column of a conflict is sealed to. */
export const conflictPlace = (id: string, column: 'fields' | 'note') => ({
  table: 'conflict_logs',
  column,
  record: id,
  version: 0,
});

const columns = `id, seq, entity, record_id AS "recordId", key, fields, summary, status, created_at AS "createdAt",
  resolved_at AS "resolvedAt", resolved_by AS "resolvedBy", note, resolution_seq AS "resolutionSeq"`;

/** A place in the list: one change may have caused several conflicts. */
export interface ConflictPosition {
  readonly seq: number;
  /** Of the last conflict seen at `seq`; null: all of them. */
  readonly id: string | null;
}

const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** In order of seq and id, after a place. */
export async function listConflicts(
  client: pg.ClientBase,
  tenantId: TenantId,
  {after, status, limit}: {after: ConflictPosition; status: ConflictStatus | undefined; limit: number},
): Promise<ConflictRow[]> {
  const {rows} = await client.query<ConflictRow>({
    name: 'list_conflicts',
    text: `SELECT ${columns} FROM conflict_logs
           WHERE tenant_id = $1 AND seq >= $2 AND (seq, id) > ($2, $3) AND ($4::text IS NULL OR status = $4)
           ORDER BY seq, id LIMIT $5`,
    values: [tenantId, after.seq, after.id ?? LAST_ID, status ?? null, limit],
  });
  return rows;
}

/** lock: until the transaction ends nobody else resolves it. */
export async function findConflict(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, lock}: {id: string; lock: boolean},
): Promise<ConflictRow | undefined> {
  const {rows} = await client.query<ConflictRow>(
    `SELECT ${columns} FROM conflict_logs WHERE tenant_id = $1 AND id = $2 ${lock ? 'FOR UPDATE' : ''}`,
    [tenantId, id],
  );
  return rows[0];
}

export interface Resolution {
  readonly status: 'kept' | 'restored';
  readonly at: Date;
  readonly by: string;
  /** Sealed. */
  readonly note: Uint8Array | null;
  /** Of the resolution in the log. */
  readonly seq: number;
}

export async function saveResolution(
  client: pg.ClientBase,
  tenantId: TenantId,
  {id, resolution}: {id: string; resolution: Resolution},
): Promise<ConflictRow> {
  const {status, at, by, note, seq} = resolution;
  const {rows} = await client.query<ConflictRow>(
    `UPDATE conflict_logs
     SET status = $3, resolved_at = $4, resolved_by = $5, note = $6, resolution_seq = $7
     WHERE tenant_id = $1 AND id = $2 RETURNING ${columns}`,
    [tenantId, id, status, at, by, note, seq],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('A locked conflict has gone');
  return row;
}

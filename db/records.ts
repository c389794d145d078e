// Locking and loading the records a group of changes touches. The other half, writing them, is group-commit.ts.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';

export interface RecordKey {
  readonly entity: EntityName;
  readonly id: string;
}

export interface StoredRecord extends RecordKey {
  readonly seq: number;
  readonly version: number;
  readonly generation: number;
  readonly deleted: boolean;
  readonly updatedAt: Date;
  /** Sealed; null where the caller's version is the current one. */
  readonly body: Buffer | null;
}

/** With what a merge needs. Null as `body` is. */
export interface WholeRecord extends StoredRecord {
  readonly memory: Buffer | null;
}

/** One text per record of a tenant, for sets and maps. */
export const recordName = ({entity, id}: RecordKey): string => `${entity}/${id}`;

const placeIn =
  (column: 'body' | 'memory') =>
  ({entity, id}: RecordKey, version: number) => ({
    table: 'records',
    column,
    record: `${entity}/${id}`,
    version,
  });

/** Where a record's body is sealed to. */
export const bodyPlace = placeIn('body');
/** Where its memory is. */
export const memoryPlace = placeIn('memory');

const lockSql = `
  SELECT r.entity, r.id, r.seq, r.version, r.generation, r.deleted, r.updated_at AS "updatedAt",
         CASE WHEN r.version IS DISTINCT FROM k.version THEN r.body END AS body,
         CASE WHEN r.version IS DISTINCT FROM k.version THEN r.memory END AS memory
  FROM (SELECT * FROM unnest($2::text[], $3::uuid[], $4::int[]) AS k (entity, id, version) ORDER BY entity, id) AS k
  CROSS JOIN LATERAL (
    SELECT * FROM records WHERE tenant_id = $1 AND entity = k.entity AND id = k.id LIMIT 1 FOR UPDATE) AS r`;

/**
 * Locks the records that exist among `keys`, in one order for all callers, and loads the bodies of those
 * whose version is not the caller's. Records that do not exist are not answered.
 */
export async function lockRecords(
  client: pg.ClientBase,
  tenantId: TenantId,
  keys: readonly (RecordKey & {readonly version: number | null})[],
): Promise<WholeRecord[]> {
  const {rows} = await client.query<WholeRecord>({
    name: 'lock_records',
    text: lockSql,
    values: [
      tenantId,
      keys.map(({entity}) => entity),
      keys.map(({id}) => id),
      keys.map(({version}) => version),
    ],
  });
  return rows;
}

/** Of `keys` those that exist, committed, without a lock. */
export async function readNamedRecords(
  client: pg.ClientBase,
  tenantId: TenantId,
  keys: readonly RecordKey[],
): Promise<WholeRecord[]> {
  const {rows} = await client.query<WholeRecord>(
    `SELECT r.entity, r.id, r.seq, r.version, r.generation, r.deleted, r.updated_at AS "updatedAt", r.body, r.memory
     FROM records r JOIN unnest($2::text[], $3::uuid[]) AS k (entity, id) ON r.entity = k.entity AND r.id = k.id
     WHERE r.tenant_id = $1`,
    [tenantId, keys.map(({entity}) => entity), keys.map(({id}) => id)],
  );
  return rows;
}

const readSql = `
  SELECT r.entity, r.id, r.seq, r.version, r.generation, r.deleted, r.updated_at AS "updatedAt", r.body
  FROM records r
  WHERE r.tenant_id = $1 AND r.entity = $2 AND r.id = $3`;

/** One committed record, without a lock. */
export async function readRecord(
  client: pg.ClientBase,
  tenantId: TenantId,
  key: RecordKey,
): Promise<(StoredRecord & {readonly body: Buffer}) | undefined> {
  const {rows} = await client.query<StoredRecord & {body: Buffer}>({
    name: 'read_record',
    text: readSql,
    values: [tenantId, key.entity, key.id],
  });
  return rows[0];
}

/** The same for an employee: undefined too where it is not in their scope. */
export async function readScopedRecord(
  client: pg.ClientBase,
  tenantId: TenantId,
  {entity, id, userId}: RecordKey & {readonly userId: string},
): Promise<(StoredRecord & {readonly body: Buffer}) | undefined> {
  const {rows} = await client.query<StoredRecord & {body: Buffer}>({
    name: 'read_scoped_record',
    text: `${readSql} AND EXISTS (
      SELECT FROM record_access a
      WHERE a.tenant_id = $1 AND a.user_id = $4 AND a.entity = $2 AND a.record_id = $3 AND a.granted)`,
    values: [tenantId, entity, id, userId],
  });
  return rows[0];
}

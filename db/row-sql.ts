// The SQL that writes typed rows of one entity inside a group commit, made once per entity from its
// declaration. Rows come as one JSON parameter, sealed columns and fingerprints as places in the shared blob.
import type {Entity} from '#crdt/entities/entity.ts';
import {storedColumns} from '#crdt/entities/fields.ts';

interface RowSql {
  /** CTE bodies; `$rows` stands for the JSON parameter, `$blob` for the blob. */
  readonly insert: string;
  readonly update: string;
}

const common = ['created_at', 'created_by', 'updated_by', 'deleted_at'] as const;
const commonTypes = {
  created_at: 'timestamptz',
  created_by: 'uuid',
  updated_by: 'uuid',
  deleted_at: 'timestamptz',
} as const;

const sqlByEntity = new WeakMap<Entity, RowSql>();

/**
 * Both read `counter (base, at)` and number rows by `place`. An update leaves a column of bytes alone whose
 * place is absent, and clears it where the length is 0.
 */
export function rowSql(entity: Entity): RowSql {
  const known = sqlByEntity.get(entity);
  if (known !== undefined) return known;
  const columns = storedColumns(entity).flatMap((stored) =>
    stored.hashColumn === undefined
      ? [stored]
      : [stored, {column: stored.hashColumn, sqlType: 'bytea' as const}],
  );
  const definitions = [
    'id uuid',
    'place int',
    ...columns.flatMap(({column, sqlType}) =>
      sqlType === 'bytea' ? [`"${column}_from" int`, `"${column}_length" int`] : [`"${column}" ${sqlType}`],
    ),
    ...common.map((column) => `${column} ${commonTypes[column]}`),
  ].join(', ');
  const source = `counter, json_to_recordset($rows::json) AS r (${definitions})`;
  const sealed = (column: string) =>
    `CASE WHEN r."${column}_length" > 0 THEN substring($blob::bytea from r."${column}_from" for r."${column}_length") END`;
  const names = [...columns.map(({column}) => `"${column}"`), ...common];
  const values = [
    ...columns.map(({column, sqlType}) => (sqlType === 'bytea' ? sealed(column) : `r."${column}"`)),
    ...common.map((column) => `r.${column}`),
  ];
  const assignments = [
    ...columns.map(({column, sqlType}) =>
      sqlType === 'bytea'
        ? `"${column}" = CASE WHEN r."${column}_length" IS NULL THEN t."${column}" ELSE ${sealed(column)} END`
        : `"${column}" = r."${column}"`,
    ),
    ...common.map((column) => `${column} = r.${column}`),
    'updated_at = counter.at',
    'seq = counter.base + r.place',
  ];
  const sql: RowSql = {
    insert: `INSERT INTO ${entity.name} (tenant_id, id, ${names.join(', ')}, updated_at, seq)
      SELECT $1, r.id, ${values.join(', ')}, counter.at, counter.base + r.place FROM ${source}`,
    update: `UPDATE ${entity.name} AS t SET ${assignments.join(', ')}
      FROM ${source}
        CROSS JOIN LATERAL (SELECT ctid FROM ${entity.name} WHERE tenant_id = $1 AND id = r.id LIMIT 1) AS found
      WHERE t.tenant_id = $1 AND t.ctid = found.ctid`,
  };
  sqlByEntity.set(entity, sql);
  return sql;
}

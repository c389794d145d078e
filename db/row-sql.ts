// The SQL that writes typed rows of one entity inside a group commit, made from its declaration. Sealed columns and
// fingerprints come as places in the shared blob.
import type {Entity} from '#crdt/entities/entity.ts';
import {commonColumns, valueColumns} from './typed-rows.ts';

interface RowSql {
  /** CTE bodies; `$blob` stands for the blob. */
  readonly insert: string;
  readonly update: string;
}

/**
 * source: names rows of typedColumns `r`. Both read `counter (base, at)` and number rows by `place`. An update leaves
 * a column of bytes alone whose place is absent, and clears it where the length is 0.
 */
export function rowSql(entity: Entity, source: string): RowSql {
  const columns = valueColumns(entity);
  const common = commonColumns.map(({name}) => name);
  const sealed = (column: string) =>
    `CASE WHEN r."${column}_length" > 0 THEN substring($blob::bytea from r."${column}_from" for r."${column}_length") END`;
  const names = [...columns.map(({name}) => `"${name}"`), ...common];
  const values = [
    ...columns.map(({name, type}) => (type === 'bytea' ? sealed(name) : `r."${name}"`)),
    ...common.map((name) => `r.${name}`),
  ];
  const assignments = [
    ...columns.map(({name, type}) =>
      type === 'bytea'
        ? `"${name}" = CASE WHEN r."${name}_length" IS NULL THEN t."${name}" ELSE ${sealed(name)} END`
        : `"${name}" = r."${name}"`,
    ),
    ...common.map((name) => `${name} = r.${name}`),
    'updated_at = counter.at',
    'seq = counter.base + r.place',
  ];
  return {
    insert: `INSERT INTO ${entity.name} (tenant_id, id, ${names.join(', ')}, updated_at, seq)
      SELECT $1, r.id, ${values.join(', ')}, counter.at, counter.base + r.place FROM counter, ${source}`,
    update: `UPDATE ${entity.name} AS t SET ${assignments.join(', ')}
      FROM counter, ${source}
        CROSS JOIN LATERAL (SELECT ctid FROM ${entity.name} WHERE tenant_id = $1 AND id = r.id LIMIT 1) AS found
      WHERE t.tenant_id = $1 AND t.ctid = found.ctid`,
  };
}

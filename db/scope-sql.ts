// The declarations' answer to "who sees what" as SQL over the typed rows. Everything else about scope compares with
// what these relations say.
import type {Entity, EntityName, ScopeCondition} from '#crdt/entities/entity.ts';
import {columnName} from '#crdt/entities/fields.ts';
import {entities} from '#crdt/entities/registry.ts';
import {isScoped, ownedEntities, TEAMS_OF_EMPLOYEE} from '#crdt/entities/scope.ts';

/** Employees of tenant $1, with their teams. `only`: a further condition on `m`. */
const membersSql = (only: string): string => `members AS MATERIALIZED (
  SELECT m.user_id, m.employee_id, coalesce(e."${columnName(TEAMS_OF_EMPLOYEE)}", '[]'::jsonb) AS teams
  FROM memberships m LEFT JOIN employees e ON e.tenant_id = m.tenant_id AND e.id = m.employee_id
  WHERE m.tenant_id = $1 AND m.role = 'employee' AND m.status = 'active' AND ${only})`;

const conditionsOf = (name: EntityName): readonly ScopeCondition[] => {
  const {sees} = entities[name].employee;
  return sees.kind === 'any' ? sees.of : [];
};

/** What one row of `x` says by itself about member `m`; null where no condition is of that kind. */
function directCondition(name: EntityName): string | null {
  const tests = conditionsOf(name).flatMap((condition) => {
    switch (condition.kind) {
      case 'own-employee': {
        const isOwn = `x."${columnName(condition.field)}" = m.employee_id`;
        const {where} = condition;
        return where === undefined ? [isOwn] : [`(${isOwn} AND x."${where.field}" = '${where.equals}')`];
      }
      case 'own-team':
        return [`m.teams ? x."${columnName(condition.field)}"::text`];
      case 'created-by-self':
        return ['x.created_by = m.user_id'];
      case 'referenced-by':
      case 'owner-in-scope':
        return [];
    }
  });
  return tests.length === 0 ? null : `(${tests.join(' OR ')})`;
}

const owners = (): EntityName[] => scopedInOrder().filter((name) => !ownedEntities.includes(name));

const isFollower = (name: EntityName): boolean =>
  conditionsOf(name).some(({kind}) => kind === 'referenced-by');

/** Entities whose scope is told record by record; each after those it follows from. */
export function scopedInOrder(): EntityName[] {
  const scoped = Object.values(entities)
    .map((entity: Entity) => entity.name)
    .filter(isScoped);
  const rank = (name: EntityName): number => (ownedEntities.includes(name) ? 2 : isFollower(name) ? 1 : 0);
  return scoped.sort((a, b) => rank(a) - rank(b));
}

/**
 * Rows `x` of a table by a column, one look-up for each of the few ids in `relation`. The plan is made once and without
 * looking at sizes: as a plain join it would read a whole tenant's rows, and so cost more with every record.
 */
const lookUp = (table: string, {column, relation}: {column: string; relation: string}): string =>
  `${relation} k CROSS JOIN LATERAL (SELECT * FROM ${table} t WHERE t.tenant_id = $1 AND t.${column} = k.id OFFSET 0) x`;

const referenceColumn = (field: string): string => `"${columnName(field)}"`;

/**
 * `wanted_<entity> (user_id, id)`: the member sees the record. Narrowed to records in `asked_<entity> (id)` where
 * `isAsked`. Reads `members`.
 */
function wantedSql(name: EntityName, isAsked: boolean): string {
  const rows = (table: string, column: string): string =>
    isAsked ? lookUp(table, {column, relation: `asked_${name}`}) : `${table} x`;
  const parts: string[] = [];
  const direct = directCondition(name);
  if (direct !== null) {
    parts.push(
      `SELECT m.user_id, x.id FROM ${rows(name, 'id')} JOIN members m ON ${direct} WHERE x.tenant_id = $1`,
    );
  }
  for (const condition of conditionsOf(name)) {
    if (condition.kind === 'referenced-by') {
      const source = directCondition(condition.entity);
      if (source === null) throw new Error(`Nobody sees a ${condition.entity} by itself.`);
      const column = referenceColumn(condition.field);
      parts.push(
        `SELECT m.user_id, y.id FROM ${rows(condition.entity, column)} JOIN members m ON ${source}
         CROSS JOIN LATERAL (SELECT t.id FROM ${name} t WHERE t.tenant_id = $1 AND t.id = x.${column} OFFSET 0) y
         WHERE x.tenant_id = $1 AND x.deleted_at IS NULL`,
      );
    } else if (condition.kind === 'owner-in-scope') {
      for (const owner of owners()) {
        parts.push(
          `SELECT w.user_id, x.id FROM ${rows(name, 'id')} JOIN wanted_${owner} w ON w.id = x.owner_id
           WHERE x.tenant_id = $1 AND x.owner_type = '${owner}'`,
        );
      }
    }
  }
  return `wanted_${name} AS MATERIALIZED (${parts.join(' UNION ')})`;
}

/**
 * `asked_<entity> (id)`: the records named by $2 (entities) and $3 (ids), tasks and others of the teams in $4, and
 * whatever follows from them or owns them.
 */
function askedSql(): string[] {
  return scopedInOrder().map((name) => {
    const parts = [`SELECT s.id FROM seeds s WHERE s.entity = '${name}'`];
    for (const condition of conditionsOf(name)) {
      if (condition.kind === 'own-team') {
        parts.push(
          `SELECT x.id FROM ${name} x WHERE x.tenant_id = $1 AND x."${columnName(condition.field)}" = ANY($4::uuid[])`,
        );
      } else if (condition.kind === 'referenced-by') {
        const column = `x.${referenceColumn(condition.field)}`;
        const sources = lookUp(condition.entity, {column: 'id', relation: `asked_${condition.entity}`});
        parts.push(`SELECT ${column} FROM ${sources} WHERE ${column} IS NOT NULL`);
      } else if (condition.kind === 'owner-in-scope') {
        for (const owner of owners()) {
          parts.push(
            `SELECT x.id FROM ${lookUp(name, {column: 'owner_id', relation: `asked_${owner}`})}
             WHERE x.owner_type = '${owner}'`,
          );
        }
      }
    }
    if (!ownedEntities.includes(name)) {
      for (const owned of ownedEntities) {
        parts.push(
          `SELECT x.owner_id FROM ${lookUp(owned, {column: 'id', relation: 'seeds'})}
           WHERE k.entity = '${owned}' AND x.owner_type = '${name}'`,
        );
      }
    }
    return `asked_${name} AS MATERIALIZED (${parts.join(' UNION ')})`;
  });
}

const allSql = (relation: 'wanted' | 'asked', columns: string): string =>
  scopedInOrder()
    .map((name) => `SELECT '${name}' AS entity, ${columns} FROM ${relation}_${name}`)
    .join(' UNION ALL ');

/**
 * Where record_access and the rows disagree about the records named by $2, $3 and $4 and what depends on them:
 * (userId, entity, id, granted), losses first.
 */
export const differencesSql = `
  WITH ${membersSql('true')},
  seeds AS MATERIALIZED (SELECT s.entity, s.id FROM unnest($2::text[], $3::uuid[]) AS s (entity, id)),
  ${[...askedSql(), ...scopedInOrder().map((name) => wantedSql(name, true))].join(',\n')},
  wanted AS (${allSql('wanted', 'user_id, id')}),
  held AS (
    SELECT a.entity, a.user_id, a.record_id AS id FROM (${allSql('asked', 'id')}) k
    CROSS JOIN LATERAL (
      SELECT * FROM record_access t
      WHERE t.tenant_id = $1 AND t.entity = k.entity AND t.record_id = k.id AND t.granted OFFSET 0) a
    JOIN members m ON m.user_id = a.user_id)
  SELECT user_id AS "userId", entity, id, granted FROM (
    (SELECT entity, user_id, id, true AS granted FROM wanted EXCEPT SELECT entity, user_id, id, true FROM held)
    UNION ALL
    (SELECT entity, user_id, id, false AS granted FROM held EXCEPT SELECT entity, user_id, id, false FROM wanted)
  ) AS difference ORDER BY granted, entity, id, user_id`;

/** All that member $2 sees as (entity, user_id, id). */
export const scopeOfMemberSql = `
  WITH ${membersSql('m.user_id = $2')},
  ${scopedInOrder()
    .map((name) => wantedSql(name, false))
    .join(',\n')}
  ${allSql('wanted', 'user_id, id')}`;

/** The same of all employees of the tenant. */
export const scopeOfAllSql = `
  WITH ${membersSql('true')},
  ${scopedInOrder()
    .map((name) => wantedSql(name, false))
    .join(',\n')}
  ${allSql('wanted', 'user_id, id')}`;

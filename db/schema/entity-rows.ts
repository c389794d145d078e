// The typed row of every record, one table per entity, with columns as the entity declares them. Written in the
// transaction that merges; `npm run verify` proves them equal to the documents.
import {is, isNotNull} from 'drizzle-orm';
import {
  bigint,
  boolean,
  date,
  index,
  integer,
  jsonb,
  PgColumn,
  pgTable,
  primaryKey,
  text,
  uuid,
  type PgColumnBuilderBase,
} from 'drizzle-orm/pg-core';
import type {Entity, EntityName} from '#crdt/entities/entity.ts';
import {columnName, storedColumns, type StoredColumn} from '#crdt/entities/fields.ts';
import {entities} from '#crdt/entities/registry.ts';
import {lookupFields} from '#crdt/entities/scope.ts';
import {bytea, counter, instant, tenantId} from './columns.ts';

/** All may be null: a rule of the table would refuse a merge that the record's own rules accept. */
function buildColumn({column, sqlType}: StoredColumn): PgColumnBuilderBase {
  switch (sqlType) {
    case 'bytea':
      return bytea(column);
    case 'text':
      return text(column);
    case 'integer':
      return integer(column);
    case 'bigint':
      return bigint(column, {mode: 'number'});
    case 'boolean':
      return boolean(column);
    case 'timestamptz':
      return instant(column);
    case 'date':
      return date(column, {mode: 'string'});
    case 'uuid':
      return uuid(column);
    case 'jsonb':
      return jsonb(column);
  }
}

const declaredColumns = (entity: Entity): Record<string, PgColumnBuilderBase> =>
  Object.fromEntries(
    storedColumns(entity).flatMap((stored) => {
      const {field, hashColumn} = stored;
      const own: [string, PgColumnBuilderBase] = [field, buildColumn(stored)];
      return hashColumn === undefined ? [own] : [own, [hashColumn, bytea(hashColumn)]];
    }),
  );

const hashColumns = (entity: Entity): readonly string[] =>
  storedColumns(entity).flatMap(({hashColumn}) => hashColumn ?? []);

function declaredColumn(table: object, field: string): PgColumn {
  const column: unknown = Reflect.get(table, field);
  if (!is(column, PgColumn)) throw new Error(`The declaration names no field ${field}.`);
  return column;
}

/**
 * Without the rows that have no value: they are many, and else a plan made while the table was empty might look up ids by
 * this index and not by the primary key, through all rows of the tenant.
 */
const lookupIndex = (name: string, tenant: PgColumn, column: PgColumn) =>
  index(name).on(tenant, column).where(isNotNull(column));

const entityTable = (entity: Entity) =>
  pgTable(
    entity.name,
    {
      tenantId: tenantId(),
      id: uuid('id').notNull(),
      ...declaredColumns(entity),
      createdAt: instant('created_at').notNull(),
      createdBy: uuid('created_by').notNull(),
      updatedAt: instant('updated_at').notNull(),
      updatedBy: uuid('updated_by').notNull(),
      deletedAt: instant('deleted_at'),
      seq: counter('seq').notNull(),
    },
    (table) => [
      primaryKey({columns: [table.tenantId, table.id]}),
      ...lookupFields(entity).map((field) =>
        lookupIndex(`${entity.name}_${columnName(field)}`, table.tenantId, declaredColumn(table, field)),
      ),
      ...hashColumns(entity).map((column) =>
        lookupIndex(`${entity.name}_${column}`, table.tenantId, declaredColumn(table, column)),
      ),
    ],
  );

// Exported one by one, since drizzle-kit sees exported tables only.
export const clients = entityTable(entities.clients);
export const employees = entityTable(entities.employees);
export const teams = entityTable(entities.teams);
export const serviceTypes = entityTable(entities.service_types);
export const tasks = entityTable(entities.tasks);
export const financeEntries = entityTable(entities.finance_entries);
export const attachments = entityTable(entities.attachments);

export const entityTables = {
  clients,
  employees,
  teams,
  service_types: serviceTypes,
  tasks,
  finance_entries: financeEntries,
  attachments,
} as const satisfies Record<EntityName, unknown>;

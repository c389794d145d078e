// All entities by name. A name from outside is looked up in a map, so that `constructor` finds nothing.
import {attachments} from './attachments.ts';
import {clients} from './clients.ts';
import {employees} from './employees.ts';
import type {Entity, EntityName} from './entity.ts';
import {financeEntries} from './finance-entries.ts';
import {serviceTypes} from './service-types.ts';
import {tasks} from './tasks.ts';
import {teams} from './teams.ts';

export const entities: Readonly<Record<EntityName, Entity>> = {
  clients,
  employees,
  teams,
  service_types: serviceTypes,
  tasks,
  finance_entries: financeEntries,
  attachments,
};

const entitiesByName: ReadonlyMap<string, Entity> = new Map(Object.entries(entities));

/** In the order of the declarations above. */
export const entityNames: readonly EntityName[] = Object.values(entities).map((entity) => entity.name);

export const findEntity = (name: string): Entity | undefined => entitiesByName.get(name);

export const isEntityName = (name: string): name is EntityName => entitiesByName.has(name);

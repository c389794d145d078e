// The one place that says which entities a member sees: all records, some, or none. Which ones is kept in record_access.
import type {EntityName} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import {isScoped} from '#crdt/entities/scope.ts';
import type {Member} from './members.ts';

export const canSee = ({role}: Pick<Member, 'role'>, entity: EntityName): boolean =>
  role === 'manager' || entities[entity].employee.sees.kind !== 'none';

/** Whether the member sees some records of the entity and not others. */
export const isNarrowed = ({role}: Pick<Member, 'role'>, entity: EntityName): boolean =>
  role === 'employee' && isScoped(entity);

// Questions about scope that are answered by the declarations alone: who decides it, and by which fields.
import type {Entity, EntityName, ScopeCondition} from './entity.ts';
import {entities} from './registry.ts';

const conditionsOf = (entity: Entity): readonly ScopeCondition[] =>
  entity.employee.sees.kind === 'any' ? entity.employee.sees.of : [];

/** Entities of which an employee sees every record. */
export const openEntities: readonly EntityName[] = Object.values(entities)
  .filter(({employee}) => employee.sees.kind === 'all')
  .map(({name}) => name);

/** Whether an employee sees some records of the entity and not others. */
export const isScoped = (name: EntityName): boolean => entities[name].employee.sees.kind === 'any';

/** Entities whose scope follows from records of `source`, by its field. */
export const followersOf = (source: EntityName): readonly {entity: EntityName; field: string}[] =>
  Object.values(entities).flatMap(({name, employee}) =>
    employee.sees.kind !== 'any'
      ? []
      : employee.sees.of.flatMap((condition) =>
          condition.kind === 'referenced-by' && condition.entity === source
            ? [{entity: name, field: condition.field}]
            : [],
        ),
  );

/** Entities whose records belong to an owner and share its scope. */
export const ownedEntities: readonly EntityName[] = Object.values(entities)
  .filter((entity) => conditionsOf(entity).some(({kind}) => kind === 'owner-in-scope'))
  .map(({name}) => name);

const OWNER_FIELDS = ['ownerType', 'ownerId'] as const;

/** Fields of a record whose change may change what is in whose scope: of the record itself, or of others. */
export function scopeFields(entity: Entity): ReadonlySet<string> {
  const fields = new Set<string>();
  for (const condition of conditionsOf(entity)) {
    if (condition.kind === 'own-employee') {
      fields.add(condition.field);
      if (condition.where !== undefined) fields.add(condition.where.field);
    } else if (condition.kind === 'own-team') fields.add(condition.field);
    else if (condition.kind === 'owner-in-scope') for (const field of OWNER_FIELDS) fields.add(field);
  }
  const followers = followersOf(entity.name);
  for (const {field} of followers) fields.add(field);
  // What is deleted keeps nothing else in scope.
  if (followers.length > 0) fields.add('deletedAt');
  if (entity.name === 'employees') fields.add(TEAMS_OF_EMPLOYEE);
  return fields;
}

/** The field of `employees` that says which teams somebody belongs to. */
export const TEAMS_OF_EMPLOYEE = 'teamIds';

/** Fields that scope is looked up by, from the other side: worth an index. */
export function lookupFields(entity: Entity): readonly string[] {
  const byTeam = conditionsOf(entity).flatMap((condition) =>
    condition.kind === 'own-team' ? [condition.field] : [],
  );
  const byOwner = ownedEntities.includes(entity.name) ? ['ownerId'] : [];
  return [...new Set([...followersOf(entity.name).map(({field}) => field), ...byTeam, ...byOwner])];
}

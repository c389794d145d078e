// Which of a group's changes may change who sees what. Pure; an edit that touches none of the fields that scope
// rests on costs nothing more.
import type {Entity} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import {followersOf, isScoped, scopeFields, TEAMS_OF_EMPLOYEE} from '#crdt/entities/scope.ts';
import {recordName, type RecordKey} from '#db/records.ts';
import type {ScopeSeeds} from '#db/scope.ts';
import type {Logged} from './decide-group.ts';

const fieldsOf = new Map(Object.values(entities).map((entity) => [entity.name, scopeFields(entity)]));

/** Null where scope stays as it is. */
export function scopeSeeds(logged: readonly Logged[]): ScopeSeeds | null {
  const records = new Map<string, RecordKey>();
  const teams = new Set<string>();
  const add = (key: RecordKey): void => void records.set(recordName(key), key);
  for (const {submission, outcome} of logged) {
    const {entity: name, id} = submission.change;
    const entity = entities[name];
    const fields = fieldsOf.get(name);
    if (outcome.created && isScoped(name)) add({entity: name, id});
    for (const entry of outcome.audit) {
      const [field = '', member] = entry.key.split('/', 2);
      if (fields?.has(field) !== true) continue;
      add({entity: name, id});
      if (name === 'employees' && field === TEAMS_OF_EMPLOYEE && member !== undefined) teams.add(member);
      for (const key of namedBefore(entity, field, entry)) add(key);
    }
  }
  return records.size === 0 ? null : {records: [...records.values()], teams: [...teams]};
}

/** What the record named until now may leave somebody's scope. */
function namedBefore(entity: Entity, field: string, entry: Logged['outcome']['audit'][number]): RecordKey[] {
  if (!('before' in entry) || typeof entry.before !== 'string') return [];
  const id = entry.before;
  return followersOf(entity.name)
    .filter((follower) => follower.field === field)
    .map((follower) => ({entity: follower.entity, id}));
}

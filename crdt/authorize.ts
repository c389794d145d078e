// The one place that says whether a member may write a field. Scope (which records) is decided before; this
// is about fields and values.
import type {Actor} from './change.ts';
import type {Entity} from './entities/entity.ts';
import type {JsonObject, JsonValue} from './json.ts';
import type {ErrorCode} from './protocol/error-code.ts';

/**
 * Null if the write is allowed. creating: the record does not exist yet and its creation was allowed; then
 * any field may be given. before: the record's fields as they were.
 */
export function authorizeWrite(
  actor: Actor,
  entity: Entity,
  write: {field: string; value: JsonValue; before: () => JsonObject; creating: boolean},
): ErrorCode | null {
  if (actor.role === 'manager' || write.creating) return null;
  const rule = entity.employee;
  if (!rule.writes.includes(write.field)) return 'forbidden_field';
  if (rule.mayWrite === undefined) return null;
  const allowed = rule.mayWrite({
    field: write.field,
    value: write.value,
    before: write.before(),
    self: {userId: actor.userId, employeeId: actor.employeeId},
  });
  return allowed ? null : 'forbidden_field';
}

/** Whether a member may create a record with these fields. */
export function authorizeCreate(actor: Actor, entity: Entity, fields: JsonObject): ErrorCode | null {
  if (!entity.writable) return 'read_only_entity';
  if (actor.role === 'manager') return null;
  const self = {userId: actor.userId, employeeId: actor.employeeId};
  return entity.employee.creates?.({fields, self}) === true ? null : 'forbidden';
}

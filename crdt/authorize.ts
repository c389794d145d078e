// The one place that says whether a member may write a field. Whether the record is in scope is decided before; this
// is about fields and values, and about the records that those name.
import type {Actor} from './change.ts';
import type {Entity, EntityName} from './entities/entity.ts';
import type {JsonObject, JsonValue} from './json.ts';
import type {ErrorCode} from './protocol/error-code.ts';

interface FieldWrite {
  readonly field: string;
  readonly value: JsonValue;
  /** The record's fields as they were. */
  readonly before: () => JsonObject;
  /** The record does not exist yet and its creation was allowed; then any field may be given. */
  readonly creating: boolean;
}

/** Null if the write is allowed. */
export function authorizeWrite(actor: Actor, entity: Entity, write: FieldWrite): ErrorCode | null {
  if (actor.role === 'manager') return null;
  return (
    (write.creating ? null : refusalByRule(actor, entity, write)) ?? refusalOfReference(actor, entity, write)
  );
}

/** Else a member who remembers an id would get that record into their scope by naming it. */
function refusalOfReference(
  actor: Actor,
  entity: Entity,
  {field, value, before}: FieldWrite,
): ErrorCode | null {
  const target = referenceOf(entity, field);
  if (target === undefined || typeof value !== 'string') return null;
  const id = value.toLowerCase();
  return before()[field] === id || actor.sees?.(target, id) === true ? null : 'out_of_scope';
}

const referenceOf = (entity: Entity, name: string): EntityName | undefined => {
  const field = entity.fields[name];
  return field?.kind === 'register' ? field.references : undefined;
};

function refusalByRule(actor: Actor, entity: Entity, write: FieldWrite): ErrorCode | null {
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

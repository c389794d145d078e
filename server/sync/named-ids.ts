// The ids a change names: of its record, and whatever in its values looks like one. Scope is asked about all of
// them at once, before it is known which the declarations call references.
import type {Change} from '#crdt/change.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Each once, in lower case. */
export function idsNamedIn(change: Change): string[] {
  const ids = new Set([change.id]);
  if (change.kind === 'update') {
    for (const {structs} of change.update.sections) {
      for (const struct of structs) {
        if (struct.kind === 'item' && struct.content.kind === 'values') collect(struct.content.values, ids);
      }
    }
  } else if (change.kind === 'json') {
    collect(change.payload, ids);
  }
  return [...ids];
}

/** Values are bounded in depth by who read them. */
function collect(value: unknown, ids: Set<string>): void {
  if (typeof value === 'string') {
    if (uuid.test(value)) ids.add(value.toLowerCase());
  } else if (value !== null && typeof value === 'object') {
    for (const part of Object.values(value)) collect(part, ids);
  }
}

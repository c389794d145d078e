// A text field in a JSON change: a whole string, diffed against the current one, or an addition to its end.
import {fault, parseOne, seenUpTo, type Reading} from './json-reading.ts';
import type {JsonObject, JsonValue} from './json.ts';
import {diffText} from './text.ts';

export function readText(reading: Reading, name: string, value: JsonValue): void {
  const {record, actor} = reading;
  const before = record.doc.getText(`text:${name}`).toJSON();
  const append = appendOf(value);
  const after = append === null ? value : before + append.normalize('NFC');
  if (typeof after !== 'string') {
    fault(reading, name, 'invalid_value', 'must be a string, or {"append": "..."}');
    return;
  }
  const parsed = parseOne(reading, name, {
    field: {kind: 'text', sensitive: false, description: ''},
    value: after,
  });
  if (parsed === undefined) return;
  if (append === null && isStale(reading, name) && after !== before) {
    const message = 'the text changed since the base of this edit';
    reading.faults.push({field: name, code: 'text_base_stale', message, current: before});
    return;
  }
  const edit = diffText(before, append === null && typeof parsed === 'string' ? parsed : after);
  const appends = edit.remove === 0 && edit.index === before.length;
  if (
    !appends &&
    actor.role === 'employee' &&
    record.created !== null &&
    record.entity.employee.appendsOnly.includes(name)
  ) {
    fault(reading, name, 'forbidden_field', 'may only be added to by this role');
    return;
  }
  if (edit.remove > 0 || edit.insert !== '') reading.edits.push({kind: 'text', field: name, ...edit});
}

function appendOf(value: JsonValue): string | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
  const {append} = value as JsonObject;
  return typeof append === 'string' && Object.keys(value).length === 1 ? append : null;
}

/** Whether another device changed the text after what the author had seen. */
function isStale({record, change, actor}: Reading, name: string): boolean {
  const upTo = seenUpTo(change.base, name);
  for (const write of record.textWrites.values()) {
    if (write.field === name && write.device !== actor.deviceId && write.seq > upTo) return true;
  }
  return false;
}

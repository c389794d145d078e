// A record's fields read straight from its document, without what the merge remembers. Verification holds
// this against the stored row: the two must never differ.
import type * as Y from 'yjs';
import {parseFieldValue} from './entities/fields.ts';
import type {Entity, Field} from './entities/entity.ts';
import type {JsonObject, JsonValue} from './json.ts';
import {byPosition, DELETED_AT, itemWithId} from './record.ts';

export interface Flattened {
  /** As `fieldsOf` answers them. */
  readonly fields: JsonObject;
  readonly isDeleted: boolean;
}

export function flattenDocument(entity: Entity, doc: Y.Doc): Flattened {
  const registers = doc.getMap('fields');
  const fields: Record<string, JsonValue> = {};
  for (const [name, field] of Object.entries(entity.fields)) {
    if (field.kind !== 'derived') fields[name] = readField(doc, name, field);
  }
  for (const [name, field] of Object.entries(entity.fields)) {
    if (field.kind === 'derived') fields[name] = field.derive(fields);
  }
  return {fields, isDeleted: valueOf(registers.get(DELETED_AT)) !== null};
}

function readField(doc: Y.Doc, name: string, field: Field): JsonValue {
  switch (field.kind) {
    case 'register':
    case 'server':
      return normalised(field, valueOf(doc.getMap('fields').get(name)));
    case 'set':
      return liveEntries(doc, `set:${name}`)
        .map(([member]) => member)
        .sort();
    case 'items':
      return liveEntries(doc, `items:${name}`)
        .map(([entry, value]) => itemWithId({entry, value: normalised(field, value)}))
        .sort(byPosition);
    case 'text':
      return doc.getText(`text:${name}`).toJSON();
    case 'derived':
      return null;
  }
}

/** The value of an `[at, value]` entry; null where there is none. */
function valueOf(entry: unknown): JsonValue {
  return Array.isArray(entry) ? ((entry as JsonValue[])[1] ?? null) : null;
}

function liveEntries(doc: Y.Doc, root: string): [string, JsonValue][] {
  const live: [string, JsonValue][] = [];
  for (const [entry, pair] of doc.getMap(root).entries()) {
    const value = valueOf(pair);
    if (value !== null) live.push([entry, value]);
  }
  return live;
}

/** A stock client writes values as typed; rows hold their normal form. */
function normalised(field: Field, value: JsonValue): JsonValue {
  if (value === null) return null;
  const parsed = parseFieldValue(field, value);
  return parsed.ok ? parsed.value : value;
}

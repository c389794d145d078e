// A record as the merge sees it: the Yjs document and, beside it, what is remembered of the writes to each
// key. Mutated in place by apply-change.ts and by nothing else.
import * as Y from 'yjs';
import type {Entity} from './entities/entity.ts';
import type {JsonObject, JsonValue} from './json.ts';
import {nextPlainItem, openDocument, type PlainDocument} from './plain-document.ts';
import {newDocument} from './roots.ts';
import type {ItemId} from './update-reader.ts';
import {PENDING_SEQ, type TextWrite, type Write} from './write.ts';

export interface RecordState {
  readonly entity: Entity;
  readonly id: string;
  /** Built when it is first asked for. */
  doc: Y.Doc;
  /** What stands for the document until then; null where it is built. */
  plain: PlainDocument | null;
  /** Rises when the document is compacted; updates of another generation do not fit it. */
  generation: number;
  /** By key: `title`, `tags/vip`, `checklist/<item id>`, `deletedAt`. */
  readonly writes: Map<string, Write>;
  /** By `field/device`, and `field/device/delete`. */
  readonly textWrites: Map<string, TextWrite>;
  /** Who made the record and when (server ms); null until the creating change is applied. */
  created: {readonly at: number; readonly by: string} | null;
  updatedBy: string | null;
  /** Keys of writes whose seq is still pending. */
  readonly unsettled: Set<string>;
}

const newRecord = (entity: Entity, id: string): Omit<RecordState, 'doc' | 'plain'> => ({
  entity,
  id,
  generation: 0,
  writes: new Map(),
  textWrites: new Map(),
  created: null,
  updatedBy: null,
  unsettled: new Set(),
});

export const emptyRecord = (entity: Entity, id: string, clientId: number): RecordState => ({
  ...newRecord(entity, id),
  doc: newDocument(entity, clientId),
  plain: null,
});

/** One whose document is built from `plain` when it is first asked for. */
export function plainRecord(entity: Entity, id: string, plain: PlainDocument): RecordState {
  let built: Y.Doc | null = null;
  const record = {
    ...newRecord(entity, id),
    plain: plain as PlainDocument | null,
    get doc(): Y.Doc {
      // It would go past what the edit has put there, and tell nobody.
      if (record.plain?.edit) throw new Error('A document was asked for amid an edit that does without.');
      built ??= openDocument(entity, plain.bytes, plain.clientId);
      record.plain = null;
      return built;
    },
    set doc(doc: Y.Doc) {
      built = doc;
      record.plain = null;
    },
  };
  return record;
}

/** The item that the server would write next. */
export const nextItem = (record: RecordState): ItemId =>
  record.plain === null
    ? {client: record.doc.clientID, clock: Y.getState(record.doc.store, record.doc.clientID)}
    : nextPlainItem(record.plain);

export const DELETED_AT = 'deletedAt';

/** Null while the record is live, else when it was deleted (effective stamp, ISO 8601). */
export const deletedAtOf = (record: RecordState): string | null => {
  const value = record.writes.get(DELETED_AT)?.value;
  return typeof value === 'string' ? value : null;
};

/**
 * The record's fields in normal form as JSON shows them: registers, sets as sorted arrays, items as arrays
 * in position order, texts as strings, derived fields. Absent and cleared registers are null.
 */
export function fieldsOf(record: RecordState): JsonObject {
  const fields: Record<string, JsonValue> = {};
  const members = membersByField(record);
  for (const [name, field] of Object.entries(record.entity.fields)) {
    switch (field.kind) {
      case 'register':
      case 'server':
        fields[name] = record.writes.get(name)?.value ?? null;
        break;
      case 'set':
        fields[name] = (members.get(name) ?? []).map((member) => member.entry).sort();
        break;
      case 'items':
        fields[name] = (members.get(name) ?? []).map(itemWithId).sort(byPosition);
        break;
      case 'text':
        fields[name] = record.plain === null ? record.doc.getText(`text:${name}`).toJSON() : '';
        break;
      case 'derived':
        break;
    }
  }
  for (const [name, field] of Object.entries(record.entity.fields)) {
    if (field.kind === 'derived') fields[name] = field.derive(fields);
  }
  return fields;
}

interface LiveMember {
  readonly entry: string;
  readonly value: JsonValue;
}

/** Live members and items by field: the keys with a slash whose value is not null. */
function membersByField(record: RecordState): Map<string, LiveMember[]> {
  const members = new Map<string, LiveMember[]>();
  for (const [key, write] of record.writes) {
    const slash = key.indexOf('/');
    if (slash < 0 || write.value === null) continue;
    const field = key.slice(0, slash);
    const list = members.get(field);
    const member = {entry: key.slice(slash + 1), value: write.value};
    if (list === undefined) members.set(field, [member]);
    else list.push(member);
  }
  return members;
}

/** Live members of one set, or items of one items field, by entry. */
export function liveEntries(record: RecordState, field: string): Map<string, JsonValue> {
  return new Map((membersByField(record).get(field) ?? []).map(({entry, value}) => [entry, value]));
}

export const itemWithId = ({entry, value}: LiveMember): JsonObject => ({id: entry, ...(value as JsonObject)});

/** By position, and by id where two devices chose the same position. */
export function byPosition(a: JsonObject, b: JsonObject): number {
  return compareText(a['position'], b['position']) || compareText(a['id'], b['id']);
}

function compareText(a: JsonValue | undefined, b: JsonValue | undefined): number {
  const left = typeof a === 'string' ? a : '';
  const right = typeof b === 'string' ? b : '';
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Gives pending writes their feed positions once the group that holds them got `base` (its first position less one). */
export function settleSeqs(record: RecordState, base: number): void {
  for (const key of record.unsettled) {
    const write = record.writes.get(key) ?? record.textWrites.get(key);
    if (write === undefined) continue;
    write.seq = settled(write.seq, base);
    if (!('parts' in write)) continue;
    for (const part of write.parts) part.seq = settled(part.seq, base);
    if (write.prior !== null) write.prior.seq = settled(write.prior.seq, base);
  }
  record.unsettled.clear();
}

const settled = (seq: number, base: number): number => (seq >= PENDING_SEQ ? base + seq - PENDING_SEQ : seq);

// May this Yjs update begin a record? Asked of the values that its fields show once Yjs has taken it in: what the update
// itself overwrites or deletes again, and what is refused, is no part of the record. Called by apply-update.ts.
import * as Y from 'yjs';
import type {Admitted, MapElement} from './admitted.ts';
import {authorizeCreate} from './authorize.ts';
import {untouched, type ChangeContext, type ChangeOutcome} from './change.ts';
import {requiredFields} from './entities/fields.ts';
import type {Judgement} from './judge.ts';
import type {JsonObject, JsonValue} from './json.ts';
import type {RecordState} from './record.ts';
import {newDocument} from './roots.ts';
import {findTip} from './tip.ts';
import {isWithin} from './update-reader.ts';

/** An update, and the bytes of it that the document is to take in. */
export interface Taken {
  readonly admitted: Admitted;
  readonly judgement: Judgement;
  readonly bytes: Uint8Array;
}

/** Null if it may. A record begins with its required fields; until they arrive nothing of it is kept. */
export function refuseCreation(
  record: RecordState,
  taken: Taken,
  context: ChangeContext,
): ChangeOutcome | null {
  const {entity} = record;
  const given = shownFields(record, taken);
  const missing = requiredFields(entity).filter((name) => (given[name] ?? null) === null);
  if (missing.length > 0) {
    return untouched('rejected', {
      code: 'required_field',
      message: `The update that creates a record carries its required fields: ${missing.join(', ')}.`,
      fields: Object.fromEntries(missing.map((name) => [name, 'is required'])),
    });
  }
  const code = authorizeCreate(context.actor, entity, given);
  return code === null
    ? null
    : untouched('rejected', {code, message: `This member may not create this ${entity.singular}.`});
}

function shownFields(record: RecordState, taken: Taken): JsonObject {
  const {admitted, judgement} = taken;
  const fields: Record<string, JsonValue> = {};
  for (const [name, element] of lastWrites(record, taken)) {
    const judged = judgement.values.get(element);
    if (judged?.ok !== true || admitted.deletedNew.some((range) => isWithin(element, range))) continue;
    fields[name] = judged.value;
  }
  return fields;
}

/** The write of each field that is rightmost in Yjs' order. */
function lastWrites(record: RecordState, {admitted: {elements}, bytes}: Taken): Map<string, MapElement> {
  const last = new Map<string, MapElement>();
  const several = new Map<string, MapElement[]>();
  for (const element of elements) {
    if (element.kind !== 'map' || element.root.kind !== 'fields') continue;
    const before = last.get(element.entry);
    last.set(element.entry, element);
    if (before === undefined) continue;
    const list = several.get(element.entry);
    if (list === undefined) several.set(element.entry, [before, element]);
    else list.push(element);
  }
  if (several.size === 0) return last;
  // Several clients of a device may write one field. Only Yjs itself says whose write it then shows.
  const trial = newDocument(record.entity, record.doc.clientID);
  Y.applyUpdate(trial, bytes);
  const known = new Map(elements.map(({client}) => [client, 0]));
  for (const [name, writes] of several) {
    const head = trial.getMap('fields')._map.get(name);
    const tip = head === undefined ? null : findTip(head, {elements: writes, known});
    if (tip !== null) last.set(name, tip.element);
  }
  trial.destroy();
  return last;
}

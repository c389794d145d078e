// The server's own writes: fields that no device may write (numbers, the user behind an employee), and whole
// records that devices only read.
import {captureDelta} from './capture-delta.ts';
import {untouched, type ChangeContext, type ChangeOutcome, type ServerChange} from './change.ts';
import {SERVER_DEVICE} from './deletion.ts';
import {parseFieldValue} from './entities/fields.ts';
import {isEqualJson, type JsonValue} from './json.ts';
import {beginMerge, replace, restate, type Merge} from './merge.ts';
import {outcomeOf} from './outcome.ts';
import type {RecordState} from './record.ts';
import {nextItemId} from './apply-json.ts';

/** Values must fit their schemas: the server breaking them is a fault of its own, and throws. */
export function applyServer(
  record: RecordState,
  change: ServerChange,
  context: ChangeContext,
): ChangeOutcome {
  const creating = record.created === null;
  if (creating && !change.creates) {
    return untouched('rejected', {code: 'not_found', message: 'There is no such record.'});
  }
  const merge = beginMerge(record, context);
  const delta = captureDelta(record.doc, () => {
    record.doc.transact(() => {
      for (const [field, value] of Object.entries(change.fields)) writeField(merge, field, value);
    });
  });
  return outcomeOf(merge, {delta, creating});
}

function writeField(merge: Merge, name: string, value: JsonValue): void {
  const {record, context} = merge;
  const field = record.entity.fields[name];
  if (field === undefined) throw new Error(`The server writes ${name}, which ${record.entity.name} lacks.`);
  const parsed = value === null ? {ok: true as const, value} : parseFieldValue(field, value);
  if (!parsed.ok) throw new Error(`The server writes ${name}, which ${parsed.message}.`);
  const current = record.writes.get(name);
  if (isEqualJson(current?.value ?? null, parsed.value)) return;
  const {now, seq, actor} = context;
  const stamp = {at: now, eff: Math.max(now, current?.eff ?? 0), seq};
  const tip = {
    ...stamp,
    id: nextItemId(record),
    device: SERVER_DEVICE,
    user: actor.userId,
    key: name,
    value: parsed.value,
  };
  replace(merge, current, tip, null);
  restate(record, name);
}

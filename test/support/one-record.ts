// One record in memory, and what changes make of it: the core without a server.
import {applyChange} from '#crdt/apply-change.ts';
import type {Actor, Base, Change, ChangeOutcome, JsonChange} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonObject} from '#crdt/json.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {emptyRecord, fieldsOf, type RecordState} from '#crdt/record.ts';

export type Done = Extract<ChangeOutcome, {kind: 'done'}>;

export interface OneRecord {
  readonly record: RecordState;
  /** By the manager `ana` at her desk unless said otherwise. Change n is at position n of the feed, and n seconds. */
  apply(change: Change, by?: By): Done;
  /** JSON fields, written on the current state unless said otherwise. */
  write(payload: JsonChange['payload'], by?: By & {base?: Base; op?: JsonChange['op']}): Done;
  /** Of these fields what they say now. */
  shows(...names: string[]): JsonObject;
}

interface By {
  readonly actor?: Actor;
  /** The device's clock, ms; absent: the server's. */
  readonly at?: number;
}

export const RECORD_ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
export const ana: Actor = {userId: 'ana', deviceId: 'desk', role: 'manager', employeeId: null};
export const ben: Actor = {userId: 'ben', deviceId: 'phone', role: 'manager', employeeId: null};

const CURRENT: Base = {kind: 'current'};

/** payload: what it is made with; absent: it does not exist yet. */
export function oneRecord(entity: EntityName, payload?: JsonChange['payload']): OneRecord {
  const record = emptyRecord(entities[entity], RECORD_ID, SERVER_CLIENT_ID_MIN);
  let seq = 0;
  const apply: OneRecord['apply'] = (change, {actor = ana} = {}) => {
    seq++;
    const context = {actor, now: 1_000 * seq, offset: 0, seq, readCursor: () => null};
    const outcome = applyChange(record, change, context);
    if (outcome.kind !== 'done') throw new Error(`The change is answered with ${outcome.kind}.`);
    return outcome;
  };
  const write: OneRecord['write'] = (fields, {base = CURRENT, op = 'upsert', at, actor = ana} = {}) =>
    apply(
      {
        kind: 'json',
        op,
        entity,
        id: RECORD_ID,
        changeId: `change ${seq + 1}`,
        at: at ?? 1_000 * (seq + 1),
        base,
        payload: fields,
      },
      {actor},
    );
  if (payload !== undefined) write(payload);
  return {
    record,
    apply,
    write,
    shows: (...names) => {
      const fields = fieldsOf(record);
      return Object.fromEntries(names.map((name) => [name, fields[name] ?? null]));
    },
  };
}

// Taking an overwrite back: which keys get which values, and the change that writes them.
import type {OverwriteEntry, RestoreChange} from '#crdt/change.ts';
import {canonicalJson, isStorableJson, type JsonValue} from '#crdt/json.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {VALUE_DEPTH_MAX, VALUE_NODES_MAX} from '#crdt/protocol/limits.ts';
import {DELETED_AT} from '#crdt/record.ts';
import type {ConflictRow} from '#db/conflicts.ts';
import {derivedUuid} from './devices.ts';
import type {Member} from './members.ts';
import type {Service} from './service.ts';

type Values = Readonly<Record<string, JsonValue>>;

/**
 * What restores a conflict's losers, or only the keys of `own` to the values given there. An edit that lost to a
 * delete brings the record back; a delete that lost deletes it. Throws `bad_request` for keys that the conflict is
 * not about.
 */
export function planRestore(
  {id, entity, recordId}: Pick<ConflictRow, 'id' | 'entity' | 'recordId'>,
  entries: readonly OverwriteEntry[],
  own: Readonly<Record<string, unknown>> | undefined,
): RestoreChange {
  const losers: Record<string, JsonValue> = {};
  for (const {loser} of entries) losers[loser.field] = loser.value;
  const chosen = own === undefined ? losers : readOwn(own, losers);
  // A delete only hides the edits it wins over: their values, or what followed them, come back with the record.
  const hidden = new Set(own === undefined ? entries.filter(isHidden).map(({loser}) => loser.field) : []);
  const values = Object.fromEntries(
    Object.entries(chosen).filter(([key]) => key !== DELETED_AT && !hidden.has(key)),
  );
  const deleted = deletionOf(entries, chosen);
  return {
    kind: 'restore',
    entity,
    id: recordId,
    // Named by what it does, so that asking again does it once.
    changeId: derivedUuid('restore', id, canonicalJson(chosen)),
    values,
    ...(deleted === undefined ? {} : {deleted}),
  };
}

function readOwn(own: Readonly<Record<string, unknown>>, losers: Values): Values {
  const faults: Record<string, string> = {};
  const chosen: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(own)) {
    if (!Object.hasOwn(losers, key)) faults[key] = 'is not what this conflict is about';
    else if (isStorableJson(value, {depth: VALUE_DEPTH_MAX, nodes: VALUE_NODES_MAX})) chosen[key] = value;
    else faults[key] = 'must be plain JSON of moderate size, without NUL or broken Unicode';
  }
  if (Object.keys(own).length === 0) faults['fields'] = 'must name a field';
  if (Object.keys(faults).length > 0) throw new SyncError('bad_request', {details: {fields: faults}});
  return chosen;
}

/** Whether the record is to be deleted; undefined where the conflict is not about that. */
function deletionOf(entries: readonly OverwriteEntry[], chosen: Values): boolean | undefined {
  if (Object.hasOwn(chosen, DELETED_AT)) return chosen[DELETED_AT] !== null;
  return entries.some(isHidden) ? false : undefined;
}

const isHidden = ({winner, loser}: OverwriteEntry): boolean =>
  winner.field === DELETED_AT && winner.value !== null && loser.field !== DELETED_AT;

/**
 * Answers whether the change was new; a repeat of one made before writes nothing. Throws the code it is refused
 * with.
 */
export async function submitRestore(
  {lanes, now}: Pick<Service, 'lanes' | 'now'>,
  {tenantId, userId, deviceId}: Member,
  change: RestoreChange,
): Promise<boolean> {
  const receipt = await lanes.submit({
    tenantId,
    userId,
    deviceId,
    change,
    now: now(),
    offset: 0,
    changeId: change.changeId,
  });
  if (receipt.kind === 'rejected') {
    const {code, message, fields} = receipt.error;
    throw new SyncError(code, {message, details: fields === undefined ? {} : {fields}});
  }
  return receipt.kind === 'applied';
}

// Decides every key that an integrated update touches, inside the Yjs transaction that integrated it, and
// restates what Yjs would show otherwise. Called by apply-update.ts.
import * as Y from 'yjs';
import type {Admitted, MapElement, TextElement} from './admitted.ts';
import {authorizeWrite} from './authorize.ts';
import {deletedValue, settleDelete, settleEditOfDeleted} from './deletion.ts';
import type {JudgedValue, Judgement} from './judge.ts';
import {
  commonBase,
  noteText,
  noteTextDelete,
  refuse,
  restate,
  settleKey,
  withCarrier,
  type Merge,
  type Tip,
} from './merge.ts';
import {effectiveStamp} from './overwrite.ts';
import type {ErrorCode} from './protocol/error-code.ts';
import {DELETED_AT, deletedAtOf, type RecordState} from './record.ts';
import {entryOf} from './roots.ts';
import {seenTest} from './seen.ts';
import {chainOf, findTip, type KeyElements} from './tip.ts';
import {isWithin, type ItemId} from './update-reader.ts';
import {hasCarrier, itemWriteId} from './write.ts';

/** An update as the document has just taken it in. */
export interface Integrated {
  readonly admitted: Admitted;
  readonly judgement: Judgement;
  readonly keys: ReadonlyMap<string, MapElement[]>;
  /** The document's clocks before the update, of the clients that wrote it. */
  readonly known: ReadonlyMap<number, number>;
}

export function settleUpdate(merge: Merge, integrated: Integrated): void {
  const {keys, admitted, judgement} = integrated;
  const wasDeleted = deletedAtOf(merge.record) !== null;
  // Read before anything is restated. An entry that the new items overwrote is not deleted but replaced.
  const mapDeletes = admitted.mapDeletes.filter(({id}) => isLive(merge.record.doc, id));
  // A delete or a restore is looked at first: the other keys meet the record as it leaves it.
  const deletes = keys.get(DELETED_AT);
  if (deletes !== undefined) settleElements(merge, DELETED_AT, {...integrated, elements: deletes});
  for (const [key, elements] of keys) {
    if (key !== DELETED_AT) settleElements(merge, key, {...integrated, elements});
  }
  for (const {key, id} of mapDeletes) settleMapDelete(merge, key, id);
  settleTexts(merge, admitted, judgement);
  settleEditOfDeleted(merge, wasDeleted, false);
}

const isLive = (doc: Y.Doc, id: ItemId): boolean =>
  !Y.getItem(doc.store, Y.createID(id.client, id.clock)).deleted;

function settleElements(
  merge: Merge,
  key: string,
  keyed: Integrated & {elements: readonly MapElement[]},
): void {
  const {record} = merge;
  const {judgement, known, elements, admitted} = keyed;
  const place = entryOf(record.entity, key);
  const head = record.doc.getMap(place.root)._map.get(place.entry);
  const ofKey: KeyElements = {elements, known};
  const found = head === undefined ? null : findTip(head, ofKey);
  if (found === null) return;
  const {element, id, isHead} = found;
  const chain = chainOf(element, ofKey);
  const judged = judgement.values.get(element);
  const deletedAgain = admitted.deletedNew.some((range) => isWithin(id, range));
  if (judged?.ok === false) {
    refuse(merge, key, judged.code);
    carryRefused(record, key, {carrier: id, base: chain.base});
  } else if (judged?.ok === true && !(deletedAgain && isHead)) {
    settleJudged(merge, key, {judged, judgement, id, chain});
  } else if (isHead) {
    settleMapDelete(merge, key, id, chain.base);
  } else {
    merge.valuesLost++;
  }
  restateUnlessShown(merge, key);
}

function settleJudged(
  merge: Merge,
  key: string,
  {
    judged,
    judgement,
    id,
    chain,
  }: {
    judged: Extract<JudgedValue, {ok: true}>;
    judgement: Judgement;
    id: ItemId;
    chain: ReturnType<typeof chainOf>;
  },
): void {
  const {context} = merge;
  const stamps = chain.elements.map((link) => {
    const value = judgement.values.get(link);
    return value?.ok === true
      ? effectiveStamp({at: value.at, offset: context.offset, now: context.now})
      : -Infinity;
  });
  const value =
    key === DELETED_AT && judged.value !== null ? deletedValue(Math.max(...stamps)) : judged.value;
  const tip: Tip = {...writer(merge, id), key, value, at: judged.at, eff: Math.max(...stamps)};
  settleTip(merge, tip, {carrier: id, base: chain.base, seen: judged.seen});
}

/** The same for single values, each put over the item that its key showed and shown now: what its author had seen. */
export function settleOverwrites(merge: Merge, elements: readonly MapElement[], judgement: Judgement): void {
  for (const element of elements) {
    const judged = judgement.values.get(element);
    if (judged?.ok !== true) throw new Error('A value was taken in that nobody judged.');
    const {key, client, clock, origin} = element;
    const chain = {elements: [element], base: origin};
    settleJudged(merge, key, {judged, judgement, id: {client, clock}, chain});
  }
}

/**
 * A device goes on writing over its refused value until it hears of the refusal. What it had seen beneath it
 * stays seen: else the next valid write would count as made without knowing the current one.
 */
function carryRefused(record: RecordState, key: string, met: {carrier: ItemId; base: ItemId | null}): void {
  const current = record.writes.get(key);
  if (current === undefined || !hasCarrier(current.carriers, met.base)) return;
  record.writes.set(key, {...current, carriers: withCarrier(current.carriers, met.carrier)});
}

const writer = (
  merge: Merge,
  id: {client: number; clock: number},
): Pick<Tip, 'id' | 'device' | 'user' | 'seq'> => ({
  id: itemWriteId(merge.record.generation, id),
  device: merge.context.actor.deviceId,
  user: merge.context.actor.userId,
  seq: merge.context.seq,
});

function settleTip(
  merge: Merge,
  tip: Tip,
  met: {carrier: ItemId | null; base: ItemId | null; seen: string | null},
): void {
  const {record} = merge;
  if (tip.key === DELETED_AT && tip.value !== null && deletedAtOf(record) === null) {
    const kind = settleDelete(merge, tip, seenTest(merge, met.seen));
    const write = record.writes.get(DELETED_AT);
    if (kind === 'win' && write !== undefined && met.carrier !== null) {
      record.writes.set(DELETED_AT, {...write, carriers: [met.carrier]});
    }
    return;
  }
  const current = record.writes.get(tip.key);
  settleKey(merge, tip, {
    seen: current === undefined || hasCarrier(current.carriers, met.base),
    path: 'yjs',
    carrier: met.carrier,
    itemId: null,
    base: commonBase(current, met.base),
  });
}

/** A stock client's delete of a live entry: the same as writing null now, or refused where null may not be. */
function settleMapDelete(merge: Merge, key: string, id: ItemId, base: ItemId | null = id): void {
  const {record, context} = merge;
  const place = entryOf(record.entity, key);
  const code = refusalOfNull(merge, place.field);
  if (code !== null) {
    refuse(merge, key, code);
  } else {
    // The null that restating writes below is this write's item: it names and carries it.
    const item = {client: record.doc.clientID, clock: Y.getState(record.doc.store, record.doc.clientID)};
    const tip: Tip = {...writer(merge, item), key, value: null, at: context.now, eff: context.now};
    settleTip(merge, tip, {carrier: null, base, seen: null});
  }
  restate(record, key);
}

/** Why a field may not become null, or not by this member. */
function refusalOfNull(merge: Merge, name: string): ErrorCode | null {
  const {record, context, before} = merge;
  const field = record.entity.fields[name];
  if (field?.kind === 'server') return 'read_only_field';
  if (field?.kind === 'register' && field.required) return 'required_field';
  const write = {field: name, value: null, before, creating: record.created === null};
  return authorizeWrite(context.actor, record.entity, write);
}

function settleTexts(merge: Merge, admitted: Admitted, judgement: Judgement): void {
  const {context} = merge;
  const refusedDeletes = new Set(judgement.refusedDeletes);
  const deletedIn = new Set(
    admitted.textDeletes.filter((range) => !refusedDeletes.has(range)).map((range) => range.root.field),
  );
  const touched = new Set(deletedIn);
  const last = new Map<string, TextElement>();
  for (const element of admitted.elements) {
    if (element.kind !== 'text') continue;
    const code = judgement.refused.get(element);
    if (code !== undefined) {
      refuse(merge, element.root.field, code);
    } else if (element.text !== null) {
      touched.add(element.root.field);
      last.set(element.root.field, element);
    }
  }
  for (const range of judgement.refusedDeletes) refuse(merge, range.root.field, 'forbidden_field');
  for (const [field, element] of last) {
    const id = {client: element.client, clock: element.clock + element.length - 1};
    const {now} = context;
    noteText(merge, {...writer(merge, id), kind: 'insert', field, at: now, eff: now});
  }
  for (const field of deletedIn) noteTextDelete(merge, field);
  for (const field of touched) merge.audit.push({key: field, text: true});
}

/** After integration Yjs may show an item that is not the winner's; then the server writes the winner again. */
function restateUnlessShown(merge: Merge, key: string): void {
  const {record} = merge;
  const write = record.writes.get(key);
  if (write === undefined) return;
  const {root, entry} = entryOf(record.entity, key);
  const head = record.doc.getMap(root)._map.get(entry);
  if (head === undefined || head.deleted || !hasCarrier(write.carriers, head.lastId)) restate(record, key);
}

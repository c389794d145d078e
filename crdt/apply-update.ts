// A Yjs update meets a record: guard, judge, integrate, decide each key it touches, restate. In this order,
// in one Yjs transaction, so that others get one delta.
import * as Y from 'yjs';
import type {Admitted, AdmittedElement, MapElement} from './admitted.ts';
import {untouched, type ChangeContext, type ChangeOutcome, type UpdateChange} from './change.ts';
import {applyPlainly} from './apply-plainly.ts';
import {captureDelta} from './capture-delta.ts';
import {refuseCreation, type Taken} from './creation.ts';
import {guard} from './guard.ts';
import {judge, type Judgement} from './judge.ts';
import {beginMerge, type Merge} from './merge.ts';
import {outcomeOf} from './outcome.ts';
import type {RecordState} from './record.ts';
import {settleUpdate} from './settle-update.ts';
import {keepText, undoTextDeletes} from './text.ts';
import {writeUpdate} from './update-writer.ts';

export function applyUpdate(
  record: RecordState,
  change: UpdateChange,
  context: ChangeContext,
): ChangeOutcome {
  if (change.generation !== record.generation) return {kind: 'reset'};
  const plainly = applyPlainly(record, change, context);
  if (plainly !== null) return plainly;
  const held = guard(record, change.update, change.ownClients);
  if (held.kind === 'need') return {kind: 'need'};
  if (held.kind === 'refused') return untouched('rejected', {code: held.code, message: held.message});
  const {admitted} = held;
  if (admitted.elements.length + admitted.textDeletes.length + admitted.mapDeletes.length === 0) {
    return untouched('unchanged');
  }
  const merge = beginMerge(record, context);
  const judgement = judge(merge, {...admitted, ownClients: change.ownClients});
  const taken: Taken = {admitted, judgement, bytes: bytesToTake(admitted, judgement)};
  const creating = record.created === null;
  if (creating) {
    const refusal = refuseCreation(record, taken, context);
    if (refusal !== null) return refusal;
  }
  const delta = integrate(merge, taken);
  return outcomeOf(merge, {delta, creating});
}

function bytesToTake(admitted: Admitted, judgement: Judgement): Uint8Array {
  const refusedDeletes = new Set(judgement.refusedDeletes);
  return writeUpdate(
    admitted.bytes,
    {
      elements: admitted.elements,
      textDeletes: admitted.textDeletes.filter((range) => !refusedDeletes.has(range)),
    },
    (element) => judgement.refused.has(element),
  );
}

/** Answers the bytes that bring a replica from the state before to the state after. */
function integrate(merge: Merge, {admitted, judgement, bytes}: Taken): Uint8Array | null {
  const {doc} = merge.record;
  const known = knownClocks(doc, admitted.elements);
  const keys = groupByKey(admitted.elements);
  const kept = textsToKeep(doc, admitted, judgement);
  return captureDelta(doc, () => {
    doc.transact((transaction) => {
      Y.applyUpdate(doc, bytes);
      assertIntegrated(doc);
      // Else Yjs would think that somebody else used the server's client id and mint a new one.
      transaction.local = true;
      if (judgement.refusedDeletes.length > 0) undoTextDeletes(doc, judgement.refusedDeletes);
      for (const [name, before] of kept) keepText(doc.getText(name), before);
      settleUpdate(merge, {admitted, judgement, keys, known});
    });
  });
}

/** Texts of which everything was refused, as they are before. */
function textsToKeep(doc: Y.Doc, admitted: Admitted, judgement: Judgement): Map<string, string> {
  const kept = new Map<string, string>();
  const changed = new Set<string>();
  const refusedDeletes = new Set(judgement.refusedDeletes);
  for (const element of admitted.elements) {
    if (element.kind !== 'text') continue;
    if (!judgement.refused.has(element)) changed.add(element.root.name);
    else kept.set(element.root.name, '');
  }
  for (const range of admitted.textDeletes) {
    if (!refusedDeletes.has(range)) changed.add(range.root.name);
    else kept.set(range.root.name, '');
  }
  for (const name of kept.keys()) {
    if (changed.has(name)) kept.delete(name);
    else kept.set(name, doc.getText(name).toJSON());
  }
  return kept;
}

function assertIntegrated(doc: Y.Doc): void {
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new Error('The guard admitted an update that Yjs could not integrate.');
  }
}

function knownClocks(doc: Y.Doc, elements: readonly AdmittedElement[]): Map<number, number> {
  const known = new Map<number, number>();
  for (const {client} of elements) {
    if (!known.has(client)) known.set(client, Y.getState(doc.store, client));
  }
  return known;
}

function groupByKey(elements: readonly AdmittedElement[]): Map<string, MapElement[]> {
  const keys = new Map<string, MapElement[]>();
  for (const element of elements) {
    if (element.kind !== 'map') continue;
    const list = keys.get(element.key);
    if (list === undefined) keys.set(element.key, [element]);
    else list.push(element);
  }
  return keys;
}

// May these parsed structs touch this document at all? Holds an update against the document's state: clocks
// without gaps, only the device's own ids, only declared roots, neighbours that exist, deletes of known
// items. What it admits, Yjs integrates without surprise. Rules about values and roles come later.
import * as Y from 'yjs';
import {Gap, Refusal, type GuardResult} from './admitted.ts';
import type {Entity} from './entities/entity.ts';
import {classifyDeletes} from './guard-deletes.ts';
import {refuseFork} from './guard-fork.ts';
import {refuseDisorder} from './guard-order.ts';
import {createResolver, resolveAll, type Pending} from './guard-parents.ts';
import {SERVER_CLIENT_ID_MIN} from './protocol/limits.ts';
import type {ParsedItem, ParsedUpdate} from './update-reader.ts';

/**
 * Admits or refuses an update as a whole. ownClients: the Yjs client ids that belong to the sending device.
 * The document is only read.
 */
export function guard(
  record: {entity: Entity; doc: Y.Doc},
  update: ParsedUpdate,
  ownClients: ReadonlySet<number>,
): GuardResult {
  try {
    const pending = newItems(record, update, ownClients);
    const resolver = createResolver(record, pending);
    const elements = resolveAll(pending, resolver);
    refuseDisorder(record.doc, elements);
    const deletes = classifyDeletes(record, update, {elements, ownClients});
    return {kind: 'admitted', admitted: {bytes: update.bytes, elements, ...deletes}};
  } catch (error) {
    if (error instanceof Gap) return {kind: 'need'};
    if (error instanceof Refusal) return {kind: 'refused', code: error.code, message: error.message};
    throw error;
  }
}

/** The items of the update that the document lacks, clipped at its state. */
function newItems(
  {entity, doc}: {entity: Entity; doc: Y.Doc},
  update: ParsedUpdate,
  ownClients: ReadonlySet<number>,
): Pending[] {
  const pending: Pending[] = [];
  for (const section of update.sections) {
    const known = Y.getState(doc.store, section.client);
    const own = section.client < SERVER_CLIENT_ID_MIN && ownClients.has(section.client);
    const items: ParsedItem[] = [];
    for (const struct of section.structs) {
      const end = struct.clock + struct.length;
      if (own && struct.kind === 'item' && struct.clock < known) {
        refuseFork({entity, doc}, section.client, {item: struct, known});
      }
      if (end <= known) continue;
      if (!own && struct.kind === 'item') {
        throw new Refusal(
          'update_foreign_client',
          'The update adds items under a client id of another device.',
        );
      }
      // Skipping what is unknown, or starting past what is known, leaves a hole.
      if (struct.kind === 'skip' || (items.length === 0 && struct.clock > known)) throw new Gap();
      items.push(struct.clock < known ? clip(section.client, struct, known) : struct);
    }
    if (items.length > 0) pending.push({client: section.client, items, next: 0});
  }
  return pending;
}

/** Cuts off the part of an item that the document has; what is left stands right of it. */
function clip(client: number, item: ParsedItem, known: number): ParsedItem {
  const offset = known - item.clock;
  const {content} = item;
  return {
    ...item,
    clock: known,
    length: item.length - offset,
    origin: {client, clock: known - 1},
    root: null,
    mapKey: null,
    content:
      content.kind === 'values'
        ? {kind: 'values', values: content.values.slice(offset), bounds: content.bounds.slice(offset)}
        : content.kind === 'text'
          ? {kind: 'text', text: cutText(content.text, offset)}
          : content,
  };
}

/** Yjs replaces both halves of a surrogate pair that a cut tears apart; all replicas must do the same. */
function cutText(text: string, offset: number): string {
  const before = text.charCodeAt(offset - 1);
  const torn = before >= 0xd800 && before <= 0xdbff;
  return torn ? `\ufffd${text.slice(offset + 1)}` : text.slice(offset);
}

// A document's history grows with every write; its values do not. Compacting begins a new document with the
// same values under a higher generation. Devices on the old one are told to start over from it.
import * as Y from 'yjs';
import {shownValue} from './merge.ts';
import {GENERATION_CLIENT_ID_MIN} from './protocol/limits.ts';
import type {RecordState} from './record.ts';
import {entryOf, newDocument, rootsOf} from './roots.ts';

/**
 * Replaces the record's document by one without history, in place. What the merge remembers stays, but for
 * the carriers: every key is now shown by an item of the new document. clientId: the server's own.
 */
export function compactRecord(record: RecordState, clientId: number): void {
  const author = generationClientId(record.generation + 1);
  const doc = newDocument(record.entity, author);
  const carriers = new Map<string, number>();
  doc.transact(() => {
    for (const [key, write] of record.writes) {
      const {root, entry} = entryOf(record.entity, key);
      carriers.set(key, Y.getState(doc.store, author));
      doc.getMap(root).set(entry, [write.at, shownValue(key, write)]);
    }
    for (const spec of rootsOf(record.entity).values()) {
      if (spec.kind !== 'text') continue;
      const text = record.doc.getText(spec.name).toJSON();
      if (text !== '') doc.getText(spec.name).insert(0, text);
    }
  });
  for (const [key, clock] of carriers) {
    const write = record.writes.get(key);
    // Items of the old document name nothing in the new one, nor does a base among them.
    if (write !== undefined) {
      const prior = write.prior === null ? null : {...write.prior, carriers: []};
      record.writes.set(key, {...write, carriers: [{client: author, clock}], prior});
    }
  }
  doc.clientID = clientId;
  record.doc.destroy();
  record.doc = doc;
  record.generation++;
}

/**
 * The client id that a compacted document begins under. Clocks of the server's own id would be reused by every
 * generation, and a replica of an older one would take them for what it has.
 */
export const generationClientId = (generation: number): number => GENERATION_CLIENT_ID_MIN + generation;

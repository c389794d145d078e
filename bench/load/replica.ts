// The whole documents of a sampled device, to show that a peer keeps every edit and that replicas agree.
import {createHash} from 'node:crypto';
import * as Y from 'yjs';
import type {TaskUpdate} from '../peers/peer.ts';
import {deviceOf, seedUpdate} from './tasks.ts';

export interface ReplicaSummary {
  readonly device: number;
  /** Of what all documents show. */
  readonly hash: string;
  /** Writes by devices that the documents hold. Compacted documents hold none of those before. */
  readonly edits: number;
  /** Documents that wait for something they were never given. */
  readonly incomplete: number;
}

export interface Replica {
  apply(update: TaskUpdate): void;
  /** A new document from this state: the server has compacted it. */
  reset(state: TaskUpdate): void;
  summarize(): ReplicaSummary;
}

/** All records as seeded. */
export function createReplica(
  device: number,
  {records, devices}: {records: number; devices: number},
): Replica {
  const docs = Array.from({length: records}, (_, record) => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, seedUpdate(record));
    return doc;
  });
  return {
    apply({record, update}) {
      const doc = docs[record];
      if (doc !== undefined) Y.applyUpdate(doc, update);
    },
    reset({record, update}) {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, update);
      docs[record] = doc;
    },
    summarize() {
      const hash = createHash('sha256');
      let edits = 0;
      let incomplete = 0;
      for (const doc of docs) {
        const fields = doc.getMap('fields').toJSON();
        hash.update(JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1))));
        if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) incomplete++;
        for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(doc))) {
          const author = deviceOf(client);
          if (author >= 0 && author < devices) edits += clock;
        }
      }
      return {device, hash: hash.digest('hex'), edits, incomplete};
    },
  };
}

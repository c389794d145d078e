// A device that writes one field of one record over and over, each write once the one before is acknowledged. Keeps the
// document as a real device does, so that a server may compact it.
import * as Y from 'yjs';
import type {Access, Peer} from '../peers/peer.ts';
import {clockMs} from './clock.ts';
import {clientOf, editedValue, seedUpdate} from './tasks.ts';

const RECORD = 0;

export interface RecordWriter {
  /** Writes `edits` times; milliseconds from each to its acknowledgement. */
  write(edits: number): Promise<Float64Array>;
  /** What the document shows. */
  value(): unknown;
  close(): Promise<void>;
}

export async function openRecordWriter(peer: Peer, access: Access): Promise<RecordWriter> {
  let doc = copyOf(seedUpdate(RECORD));
  let written = 0;
  let requests = 0;
  let pending: {resolve: () => void; reject: (error: Error) => void} | undefined;
  const link = await peer.connect(
    access,
    {device: 0, records: 1},
    {
      onUpdate({record, update}) {
        if (record === RECORD) Y.applyUpdate(doc, update);
      },
      onAck: () => pending?.resolve(),
      onFault: (message) => pending?.reject(new Error(message)),
      onReset({update}) {
        doc = copyOf(update);
      },
      onRewrite: () => send(),
    },
  );

  function send(): void {
    doc.once('update', (update: Uint8Array) => link.send(++requests, [{record: RECORD, update}]));
    doc.getMap('fields').set('title', [Date.now(), editedValue('title', {device: 0, edit: written})]);
  }

  return {
    async write(edits) {
      const latencies = new Float64Array(edits);
      for (let edit = 0; edit < edits; edit++) {
        written++;
        const at = clockMs();
        await new Promise<void>((resolve, reject) => {
          pending = {resolve, reject};
          send();
        });
        latencies[edit] = clockMs() - at;
      }
      return latencies;
    },
    value: () => (doc.getMap('fields').get('title') as [number, unknown])[1],
    close: () => link.close(),
  };
}

function copyOf(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientOf(0);
  Y.applyUpdate(doc, state);
  return doc;
}

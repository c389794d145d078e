// Devices that write one field of one record in turn, each once it has what the one before wrote: nobody meets anybody,
// and no two writes that follow each other are by the same device, so that Yjs has nothing to join. They keep the
// document as a real device does, so that a server may compact it.
import * as Y from 'yjs';
import type {Access, DeviceLink, Peer} from '../peers/peer.ts';
import {clockMs} from './clock.ts';
import {clientOf, editedValue, seedUpdate} from './tasks.ts';

const RECORD = 0;
const FIELD = 'title';

/** Devices that take turns. */
export const WRITERS = 4;

export interface RecordWriter {
  /** Writes `edits` times; milliseconds from each to its acknowledgement. */
  write(edits: number): Promise<Float64Array>;
  close(): Promise<void>;
}

interface Writer {
  /** Resolves once the device shows this value. */
  shows(value: unknown): Promise<void>;
  /** Resolves when it is acknowledged. */
  write(value: unknown): Promise<void>;
  close(): Promise<void>;
}

export async function openRecordWriter(peer: Peer, access: Access): Promise<RecordWriter> {
  const writers: Writer[] = [];
  for (let device = 0; device < WRITERS; device++) writers.push(await openWriter(peer, access, device));
  let written = 0;
  let last: unknown;
  return {
    async write(edits) {
      const latencies = new Float64Array(edits);
      for (let edit = 0; edit < edits; edit++) {
        const device = written % WRITERS;
        const writer = writers[device];
        if (last !== undefined) await writer?.shows(last);
        last = editedValue(FIELD, {device, edit: written++});
        const at = clockMs();
        await writer?.write(last);
        latencies[edit] = clockMs() - at;
      }
      return latencies;
    },
    async close() {
      await Promise.all(writers.map((writer) => writer.close()));
    },
  };
}

async function openWriter(peer: Peer, access: Access, device: number): Promise<Writer> {
  let doc = copyOf(seedUpdate(RECORD), device);
  let requests = 0;
  let wanted: unknown;
  let pending: {resolve: () => void; reject: (error: Error) => void} | undefined;
  let onShown: () => void = () => undefined;
  let fault: string | undefined;
  const shown = (): unknown => (doc.getMap('fields').get(FIELD) as [number, unknown])[1];

  const link: DeviceLink = await peer.connect(
    access,
    {device, records: 1},
    {
      onUpdate({record, update}) {
        if (record === RECORD) Y.applyUpdate(doc, update);
        onShown();
      },
      onAck: () => pending?.resolve(),
      onFault(message) {
        fault ??= message;
        pending?.reject(new Error(message));
        onShown();
      },
      onReset({update}) {
        doc = copyOf(update, device);
        onShown();
      },
      onRewrite: () => send(),
    },
  );

  function send(): void {
    doc.once('update', (update: Uint8Array) => link.send(++requests, [{record: RECORD, update}]));
    doc.getMap('fields').set(FIELD, [Date.now(), wanted]);
  }

  return {
    shows: (value) =>
      new Promise((resolve, reject) => {
        onShown = () => {
          if (fault !== undefined) reject(new Error(fault));
          else if (shown() === value) resolve();
        };
        onShown();
      }),
    write: (value) =>
      new Promise((resolve, reject) => {
        pending = {resolve, reject};
        wanted = value;
        send();
      }),
    close: () => link.close(),
  };
}

function copyOf(state: Uint8Array, device: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientOf(device);
  Y.applyUpdate(doc, state);
  return doc;
}

// Edits of a device: one Yjs update per record, several records in one frame. Each is answered on its own,
// by an `ack`, `reject`, `need` or `retry` that names the request and the place in this list.
import * as encoding from 'lib0/encoding';
import {readBytes, readUint, type ByteReader} from '../byte-reader.ts';
import {FRAME_UPDATES_MAX} from './limits.ts';
import {readRecordName, writeRecordName, type RecordName} from './record-key.ts';
import {readList, writeList, type FrameWriter} from './wire.ts';

export interface RecordUpdate extends RecordName {
  /** Of the document that the update was made on; 0 for a record that the device makes. */
  readonly generation: number;
  /** Yjs V1. */
  readonly bytes: Uint8Array;
}

export interface Update {
  readonly kind: 'update';
  /** Chosen by the device; answers repeat it. */
  readonly request: number;
  /** In order. Updates of one record are applied in the order they came, across frames too. */
  readonly updates: readonly RecordUpdate[];
}

export function writeUpdateFrame(writer: FrameWriter, {request, updates}: Update): void {
  encoding.writeVarUint(writer, request);
  writeList(writer, updates, (inner, update) => {
    writeRecordName(inner, update);
    encoding.writeVarUint(inner, update.generation);
    encoding.writeVarUint8Array(inner, update.bytes);
  });
}

export const readUpdateFrame = (reader: ByteReader): Update => ({
  kind: 'update',
  request: readUint(reader),
  updates: readList(reader, FRAME_UPDATES_MAX, (inner) => ({
    ...readRecordName(inner),
    generation: readUint(inner),
    bytes: readBytes(inner),
  })),
});

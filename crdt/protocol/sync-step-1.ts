// A device compares one record with the server: the y-protocols exchange, within the one socket.
import * as encoding from 'lib0/encoding';
import {readBytes, readUint, type ByteReader} from '../byte-reader.ts';
import {readRecordName, writeRecordName, type RecordName} from './record-key.ts';
import type {FrameWriter} from './wire.ts';

export interface SyncStep1 extends RecordName {
  readonly kind: 'sync-step-1';
  readonly request: number;
  readonly generation: number;
  /** Of the device's document; one zero byte for none. At most STATE_VECTOR_ENTRIES_MAX entries. */
  readonly stateVector: Uint8Array;
}

export function writeSyncStep1(writer: FrameWriter, step: SyncStep1): void {
  encoding.writeVarUint(writer, step.request);
  writeRecordName(writer, step);
  encoding.writeVarUint(writer, step.generation);
  encoding.writeVarUint8Array(writer, step.stateVector);
}

export const readSyncStep1 = (reader: ByteReader): SyncStep1 => ({
  kind: 'sync-step-1',
  request: readUint(reader),
  ...readRecordName(reader),
  generation: readUint(reader),
  stateVector: readBytes(reader),
});

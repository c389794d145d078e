// The answer to `sync-step-1`: what the device lacks of the record, and what the server has of it, so that the
// device can send the rest as an `update`.
import * as encoding from 'lib0/encoding';
import {readBytes, readUint, type ByteReader} from '../byte-reader.ts';
import {readOptional, writeOptional, type FrameWriter} from './wire.ts';

export interface SyncedRecord {
  readonly seq: number;
  /** Another one than asked about: `update` is then the whole document. */
  readonly generation: number;
  /** Of the server's document. */
  readonly stateVector: Uint8Array;
  /** Yjs V1. */
  readonly update: Uint8Array;
}

export interface SyncStep2 {
  readonly kind: 'sync-step-2';
  readonly request: number;
  /** Null: there is no such record for this member. */
  readonly record: SyncedRecord | null;
}

export function writeSyncStep2(writer: FrameWriter, {request, record}: SyncStep2): void {
  encoding.writeVarUint(writer, request);
  writeOptional(writer, record, (inner, {seq, generation, stateVector, update}) => {
    encoding.writeVarUint(inner, seq);
    encoding.writeVarUint(inner, generation);
    encoding.writeVarUint8Array(inner, stateVector);
    encoding.writeVarUint8Array(inner, update);
  });
}

export const readSyncStep2 = (reader: ByteReader): SyncStep2 => ({
  kind: 'sync-step-2',
  request: readUint(reader),
  record: readOptional(reader, (inner) => ({
    seq: readUint(inner),
    generation: readUint(inner),
    stateVector: readBytes(inner),
    update: readBytes(inner),
  })),
});

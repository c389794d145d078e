// The frames of the floors: a request number and, per record, the bytes. Nothing in them is looked into.
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type {TaskUpdate} from './peer.ts';

export interface FloorFrame {
  readonly request: number;
  readonly updates: readonly TaskUpdate[];
}

export const encodeFloorFrame = ({request, updates}: FloorFrame): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, request);
    encoding.writeVarUint(encoder, updates.length);
    for (const {record, update} of updates) {
      encoding.writeVarUint(encoder, record);
      encoding.writeVarUint8Array(encoder, update);
    }
  });

export function decodeFloorFrame(bytes: Uint8Array): FloorFrame {
  const decoder = decoding.createDecoder(bytes);
  const request = decoding.readVarUint(decoder);
  const count = decoding.readVarUint(decoder);
  const updates = Array.from({length: count}, () => ({
    record: decoding.readVarUint(decoder),
    update: decoding.readVarUint8Array(decoder),
  }));
  return {request, updates};
}

/** The request number alone, without reading on. */
export const requestOf = (bytes: Uint8Array): number => decoding.readVarUint(decoding.createDecoder(bytes));

// This update builds on something that the server lacks; nothing of it was kept. The device sends everything
// after the state vector given.
import * as encoding from 'lib0/encoding';
import {readBytes, readUint, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface Need {
  readonly kind: 'need';
  readonly request: number;
  readonly index: number;
  readonly generation: number;
  readonly stateVector: Uint8Array;
}

export function writeNeed(writer: FrameWriter, need: Need): void {
  encoding.writeVarUint(writer, need.request);
  encoding.writeVarUint(writer, need.index);
  encoding.writeVarUint(writer, need.generation);
  encoding.writeVarUint8Array(writer, need.stateVector);
}

export const readNeed = (reader: ByteReader): Need => ({
  kind: 'need',
  request: readUint(reader),
  index: readUint(reader),
  generation: readUint(reader),
  stateVector: readBytes(reader),
});

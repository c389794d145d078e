// The answer to `ping`, with both clocks: half of the round trip beside their difference is the device's skew.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface Pong {
  readonly kind: 'pong';
  /** As sent in `ping`. */
  readonly clock: number;
  /** ms since epoch. */
  readonly serverTime: number;
}

export function writePong(writer: FrameWriter, {clock, serverTime}: Pong): void {
  encoding.writeVarUint(writer, clock);
  encoding.writeVarUint(writer, serverTime);
}

export const readPong = (reader: ByteReader): Pong => ({
  kind: 'pong',
  clock: readUint(reader),
  serverTime: readUint(reader),
});

// This node stops: the connection will close with 1012 after a while. The device comes back after the time
// given, which differs per connection so that they do not all come at once.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface Drain {
  readonly kind: 'drain';
  readonly closeInMs: number;
  readonly reconnectAfterMs: number;
}

export function writeDrain(writer: FrameWriter, {closeInMs, reconnectAfterMs}: Drain): void {
  encoding.writeVarUint(writer, closeInMs);
  encoding.writeVarUint(writer, reconnectAfterMs);
}

export const readDrain = (reader: ByteReader): Drain => ({
  kind: 'drain',
  closeInMs: readUint(reader),
  reconnectAfterMs: readUint(reader),
});

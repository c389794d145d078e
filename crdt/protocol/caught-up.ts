// Everything up to `position` has been sent; from here on changes come as they are committed. Comes again after
// a slow receiver was caught up again: conflicts of the time between are to be listed anew.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface CaughtUp {
  readonly kind: 'caught-up';
  readonly position: number;
}

export const writeCaughtUp = (writer: FrameWriter, {position}: CaughtUp): void =>
  encoding.writeVarUint(writer, position);

export const readCaughtUp = (reader: ByteReader): CaughtUp => ({
  kind: 'caught-up',
  position: readUint(reader),
});

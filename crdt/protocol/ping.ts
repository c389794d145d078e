// Keeps a connection open where WebSocket pings are out of the app's reach. Answered by `pong`.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface Ping {
  readonly kind: 'ping';
  /** The device's clock, ms since epoch. */
  readonly clock: number;
}

export const writePing = (writer: FrameWriter, {clock}: Ping): void => encoding.writeVarUint(writer, clock);

export const readPing = (reader: ByteReader): Ping => ({kind: 'ping', clock: readUint(reader)});

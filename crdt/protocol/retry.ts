// This update was neither taken nor refused: the server is overloaded or cannot reach its database. The same
// bytes may be sent again after a while. The connection stays, so that trouble does not end in a wave of reconnects.
import * as encoding from 'lib0/encoding';
import {readString, readUint, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface Retry {
  readonly kind: 'retry';
  readonly request: number;
  readonly index: number;
  readonly code: string;
  readonly afterMs: number;
}

export function writeRetry(writer: FrameWriter, retry: Retry): void {
  encoding.writeVarUint(writer, retry.request);
  encoding.writeVarUint(writer, retry.index);
  encoding.writeVarString(writer, retry.code);
  encoding.writeVarUint(writer, retry.afterMs);
}

export const readRetry = (reader: ByteReader): Retry => ({
  kind: 'retry',
  request: readUint(reader),
  index: readUint(reader),
  code: readString(reader),
  afterMs: readUint(reader),
});

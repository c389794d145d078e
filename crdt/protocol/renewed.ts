// The token was taken; the connection is good until a while after the time given.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface Renewed {
  readonly kind: 'renewed';
  /** ms since epoch. */
  readonly tokenExpiresAt: number;
}

export const writeRenewed = (writer: FrameWriter, {tokenExpiresAt}: Renewed): void =>
  encoding.writeVarUint(writer, tokenExpiresAt);

export const readRenewed = (reader: ByteReader): Renewed => ({
  kind: 'renewed',
  tokenExpiresAt: readUint(reader),
});

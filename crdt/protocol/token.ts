// A fresh session token of the same user, sent before the old one expires. Answered by `renewed`.
import * as encoding from 'lib0/encoding';
import {readString, type ByteReader} from '../byte-reader.ts';
import type {FrameWriter} from './wire.ts';

export interface Token {
  readonly kind: 'token';
  readonly token: string;
}

export const writeToken = (writer: FrameWriter, {token}: Token): void =>
  encoding.writeVarString(writer, token);

export const readToken = (reader: ByteReader): Token => ({kind: 'token', token: readString(reader)});

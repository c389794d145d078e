// This update will never be accepted. Either its writes were consumed (`seq` given: every value in it lost, the
// record's current values come in `changes`), or nothing of it was kept (`seq` null): then the device takes the
// state given and writes its pending values again, under a new client id unless the code is `reset_required`.
import * as encoding from 'lib0/encoding';
import {readBytes, readString, readUint, type ByteReader} from '../byte-reader.ts';
import {readSeq, writeSeq} from './ack.ts';
import {readNotices, writeNotices, type Notices} from './notices.ts';
import {readChoice, writeChoice, type FrameWriter} from './wire.ts';

/** `ask`: it was left out to keep the answer small; `sync-step-1` fetches it. `none`: the record does not exist. */
export type CurrentDocument =
  | {readonly kind: 'none'}
  | {readonly kind: 'ask'}
  | {readonly kind: 'state'; readonly generation: number; readonly state: Uint8Array};

export interface Reject extends Notices {
  readonly kind: 'reject';
  readonly request: number;
  readonly index: number;
  /** From the catalogue of errors. */
  readonly code: string;
  readonly message: string;
  readonly seq: number | null;
  readonly current: CurrentDocument;
}

const kinds: readonly CurrentDocument['kind'][] = ['none', 'ask', 'state'];

export function writeReject(writer: FrameWriter, reject: Reject): void {
  encoding.writeVarUint(writer, reject.request);
  encoding.writeVarUint(writer, reject.index);
  encoding.writeVarString(writer, reject.code);
  encoding.writeVarString(writer, reject.message);
  writeSeq(writer, reject.seq);
  writeNotices(writer, reject);
  writeChoice(writer, kinds, reject.current.kind);
  if (reject.current.kind !== 'state') return;
  encoding.writeVarUint(writer, reject.current.generation);
  encoding.writeVarUint8Array(writer, reject.current.state);
}

export const readReject = (reader: ByteReader): Reject => ({
  kind: 'reject',
  request: readUint(reader),
  index: readUint(reader),
  code: readString(reader),
  message: readString(reader),
  seq: readSeq(reader),
  ...readNotices(reader),
  current: readCurrent(reader),
});

function readCurrent(reader: ByteReader): CurrentDocument {
  const kind = readChoice(reader, kinds);
  return kind === 'state' ? {kind, generation: readUint(reader), state: readBytes(reader)} : {kind};
}

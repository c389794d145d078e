// Records that left this member's scope: the device drops its copies. Links like `changes`.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import {readRecordName, writeRecordName, type RecordName} from './record-key.ts';
import {readList, writeList, type FrameWriter} from './wire.ts';

export interface Removed {
  readonly kind: 'removed';
  readonly from: number;
  readonly to: number;
  readonly records: readonly RecordName[];
}

const RECORDS_MAX = 100_000;

export function writeRemoved(writer: FrameWriter, {from, to, records}: Removed): void {
  encoding.writeVarUint(writer, from);
  encoding.writeVarUint(writer, to);
  writeList(writer, records, writeRecordName);
}

export const readRemoved = (reader: ByteReader): Removed => ({
  kind: 'removed',
  from: readUint(reader),
  to: readUint(reader),
  records: readList(reader, RECORDS_MAX, readRecordName),
});

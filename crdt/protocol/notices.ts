// What an answer says beside yes and no: overwrites that the update took part in, and fields it lost.
import * as encoding from 'lib0/encoding';
import {readString, type ByteReader} from '../byte-reader.ts';
import {readList, readUuid, writeList, writeUuid, type FrameWriter} from './wire.ts';

export interface Notices {
  /** Conflicts recorded in this merge, for a warning: the winner may be either side. */
  readonly conflicts: readonly {readonly id: string; readonly fields: readonly string[]}[];
  /** Fields whose write was refused, with an error code; the current value comes in `changes`. */
  readonly refused: readonly {readonly field: string; readonly code: string}[];
}

export function writeNotices(writer: FrameWriter, {conflicts, refused}: Notices): void {
  writeList(writer, conflicts, (inner, {id, fields}) => {
    writeUuid(inner, id);
    writeList(inner, fields, (field, name) => encoding.writeVarString(field, name));
  });
  writeList(writer, refused, (inner, {field, code}) => {
    encoding.writeVarString(inner, field);
    encoding.writeVarString(inner, code);
  });
}

export const readNotices = (reader: ByteReader): Notices => ({
  conflicts: readList(reader, NOTICES_MAX, (inner) => ({
    id: readUuid(inner),
    fields: readList(inner, NOTICES_MAX, readString),
  })),
  refused: readList(reader, NOTICES_MAX, (inner) => ({field: readString(inner), code: readString(inner)})),
});

const NOTICES_MAX = 100_000;

// How frames name a record: the entity's table name and the id.
import * as encoding from 'lib0/encoding';
import type {ByteReader} from '../byte-reader.ts';
import {readShortString, readUuid, writeUuid, type FrameWriter} from './wire.ts';

export interface RecordName {
  /** From outside any short text; whether such an entity exists is asked later. */
  readonly entity: string;
  readonly id: string;
}

const ENTITY_BYTES_MAX = 64;

export function writeRecordName(writer: FrameWriter, {entity, id}: RecordName): void {
  encoding.writeVarString(writer, entity);
  writeUuid(writer, id);
}

export const readRecordName = (reader: ByteReader): RecordName => ({
  entity: readShortString(reader, ENTITY_BYTES_MAX),
  id: readUuid(reader),
});

// To managers, as they happen: overwrites that were recorded. A notice, not a log: what a connection missed,
// and what did not fit (`more`), is listed by GET /v1/conflicts.
import * as encoding from 'lib0/encoding';
import {Malformed, readString, readUint, type ByteReader} from '../byte-reader.ts';
import type {OverwriteEntry} from '../change.ts';
import {readRecordName, writeRecordName, type RecordName} from './record-key.ts';
import {readFlag, readList, readUuid, writeFlag, writeList, writeUuid, type FrameWriter} from './wire.ts';

export interface ConflictEntry extends RecordName {
  readonly conflictId: string;
  readonly seq: number;
  /** The field, or field and member. */
  readonly key: string;
  /** As JSON text on the wire. */
  readonly entries: readonly OverwriteEntry[];
}

export interface Conflict {
  readonly kind: 'conflict';
  readonly conflicts: readonly ConflictEntry[];
  readonly more: boolean;
}

const CONFLICTS_MAX = 100_000;

export function writeConflict(writer: FrameWriter, {conflicts, more}: Conflict): void {
  writeList(writer, conflicts, (inner, conflict) => {
    writeUuid(inner, conflict.conflictId);
    encoding.writeVarUint(inner, conflict.seq);
    writeRecordName(inner, conflict);
    encoding.writeVarString(inner, conflict.key);
    encoding.writeVarString(inner, JSON.stringify(conflict.entries));
  });
  writeFlag(writer, more);
}

export const readConflict = (reader: ByteReader): Conflict => ({
  kind: 'conflict',
  conflicts: readList(reader, CONFLICTS_MAX, (inner) => ({
    conflictId: readUuid(inner),
    seq: readUint(inner),
    ...readRecordName(inner),
    key: readString(inner),
    entries: parseEntries(readString(inner)),
  })),
  more: readFlag(reader),
});

function parseEntries(text: string): OverwriteEntry[] {
  try {
    const entries: unknown = JSON.parse(text);
    if (Array.isArray(entries)) return entries as OverwriteEntry[];
  } catch {
    // Told below, like any other text that is no list.
  }
  throw new Malformed('the sides of a conflict are not a JSON list');
}

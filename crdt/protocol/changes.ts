// Positions `from` + 1 to `to` of the tenant's feed: records with their state while catching up, with the
// deltas of the commit when live. Frames link: `from` is at most the `to` of the frame before. A receiver that
// finds a greater one has missed something and connects again from its cursor.
import * as encoding from 'lib0/encoding';
import {readBytes, readUint, type ByteReader} from '../byte-reader.ts';
import {readRecordName, writeRecordName, type RecordName} from './record-key.ts';
import {readChoice, readList, writeChoice, writeList, type FrameWriter} from './wire.ts';

export interface ChangedRecord extends RecordName {
  readonly seq: number;
  /** Above the device's own: its document was compacted, and a new one is made from the state. */
  readonly generation: number;
  /** `state`: one Yjs V1 update that is the whole document. `deltas`: updates to apply in order. */
  readonly content: 'state' | 'deltas';
  readonly updates: readonly Uint8Array[];
}

export interface Changes {
  readonly kind: 'changes';
  readonly from: number;
  readonly to: number;
  /** In order of `seq`, each record once. */
  readonly records: readonly ChangedRecord[];
}

const contents: readonly ChangedRecord['content'][] = ['state', 'deltas'];
const RECORDS_MAX = 100_000;

export function writeChanges(writer: FrameWriter, {from, to, records}: Changes): void {
  encoding.writeVarUint(writer, from);
  encoding.writeVarUint(writer, to);
  writeList(writer, records, (inner, record) => {
    writeRecordName(inner, record);
    encoding.writeVarUint(inner, record.seq);
    encoding.writeVarUint(inner, record.generation);
    writeChoice(inner, contents, record.content);
    writeList(inner, record.updates, (update, bytes) => encoding.writeVarUint8Array(update, bytes));
  });
}

export const readChanges = (reader: ByteReader): Changes => ({
  kind: 'changes',
  from: readUint(reader),
  to: readUint(reader),
  records: readList(reader, RECORDS_MAX, readChanged),
});

function readChanged(reader: ByteReader): ChangedRecord {
  const {entity, id} = readRecordName(reader);
  return {
    entity,
    id,
    seq: readUint(reader),
    generation: readUint(reader),
    content: readChoice(reader, contents),
    updates: readList(reader, RECORDS_MAX, readBytes),
  };
}

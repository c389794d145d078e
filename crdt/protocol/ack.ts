// These updates are durable. One frame may answer several requests, and a request may be answered by several.
import * as encoding from 'lib0/encoding';
import {readUint, type ByteReader} from '../byte-reader.ts';
import {readNotices, writeNotices, type Notices} from './notices.ts';
import {readChoice, readList, writeChoice, writeList, type FrameWriter} from './wire.ts';

export interface AckResult extends Notices {
  readonly request: number;
  /** Place in the update frame. */
  readonly index: number;
  /** `unchanged`: the server had it all. */
  readonly outcome: 'applied' | 'unchanged';
  /** Feed position of the change; null where nothing had to be logged. */
  readonly seq: number | null;
}

export interface Ack {
  readonly kind: 'ack';
  readonly results: readonly AckResult[];
}

const outcomes: readonly AckResult['outcome'][] = ['applied', 'unchanged'];
const RESULTS_MAX = 1_000_000;

export function writeAck(writer: FrameWriter, {results}: Ack): void {
  writeList(writer, results, (inner, result) => {
    encoding.writeVarUint(inner, result.request);
    encoding.writeVarUint(inner, result.index);
    writeChoice(inner, outcomes, result.outcome);
    writeSeq(inner, result.seq);
    writeNotices(inner, result);
  });
}

export const readAck = (reader: ByteReader): Ack => ({
  kind: 'ack',
  results: readList(reader, RESULTS_MAX, (inner) => ({
    request: readUint(inner),
    index: readUint(inner),
    outcome: readChoice(inner, outcomes),
    seq: readSeq(inner),
    ...readNotices(inner),
  })),
});

/** Positions begin at 1, so 0 says that there is none. */
export const writeSeq = (writer: FrameWriter, seq: number | null): void =>
  encoding.writeVarUint(writer, seq ?? 0);

export const readSeq = (reader: ByteReader): number | null => readUint(reader) || null;

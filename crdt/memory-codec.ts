// What is remembered of a record's writes, as JSON text and back. Names of devices and users, which are the longest
// part of it and of which a record has few, are written out once and named by their places.
import type {JsonValue} from './json.ts';
import type {RecordState} from './record.ts';
import type {ItemId} from './update-reader.ts';
import {PENDING_SEQ, type Part, type Prior, type TextWrite, type Write} from './write.ts';

/** device and user: places in the list of names. */
type Writer = [device: number, user: number];
type Facts = [id: string, at: number, eff: number, seq: number];
type PartRow = [...Writer, ...Facts];
type PriorRow = [value: JsonValue, carriers: number[], seq: number];
type WriteRow = [...PartRow, value: JsonValue, carriers: number[], joined: PartRow[], prior: PriorRow | null];
type TextRow = [...PartRow, kind: TextWrite['kind'], field: string];

interface Memory {
  readonly names: readonly string[];
  readonly created: RecordState['created'];
  readonly updatedBy: string | null;
  readonly writes: Record<string, WriteRow>;
  readonly texts: Record<string, TextRow>;
}

/** While a memory is written: the places of names, and the position that others are relative to. */
interface Writing {
  readonly names: Map<string, number>;
  readonly recordSeq: number;
}

/** While one is read. */
interface Reading {
  readonly names: readonly string[];
  readonly recordSeq: number;
}

/** recordSeq: the record's own feed position, pending or not. */
export function encodeMemory(record: RecordState, recordSeq: number): string {
  const writing: Writing = {names: new Map(), recordSeq};
  const settled = settledOf(record);
  let writes = '';
  for (const [key, write] of record.writes) {
    const device = placeOf(write.device, writing);
    const user = placeOf(write.user, writing);
    const known = settled.get(key);
    const rest = known?.write === write ? known.rest : encodeRest(write, writing);
    // Joined parts have writers too, whose places differ from one memory to the next.
    if (known?.rest !== rest && isPlain(write) && !record.unsettled.has(key)) settled.set(key, {write, rest});
    writes += `${writes === '' ? '' : ','}${JSON.stringify(key)}:[${device},${user},${rest}`;
  }
  const texts: Record<string, TextRow> = {};
  for (const [key, write] of record.textWrites) {
    texts[key] = [...partRow(write, writing), write.kind, write.field];
  }
  const {created, updatedBy} = record;
  const names = JSON.stringify([...writing.names.keys()]);
  return `{"names":${names},"created":${JSON.stringify(created)},"updatedBy":${JSON.stringify(updatedBy)},"writes":{${writes}},"texts":${JSON.stringify(texts)}}`;
}

interface Settled {
  readonly write: Write;
  /** Its row after its writer. */
  readonly rest: string;
}

// Most writes of a record do not change from commit to commit; their text is made once. By record and not by write: the
// collector goes through all that is held weakly, and there are a dozen writes to a record.
const settledByRecord = new WeakMap<RecordState, Map<string, Settled>>();

function settledOf(record: RecordState): Map<string, Settled> {
  const known = settledByRecord.get(record);
  if (known !== undefined) return known;
  const made = new Map<string, Settled>();
  settledByRecord.set(record, made);
  return made;
}

/** The first part is the write itself, but for the stamp that joined writes may have raised. */
const isPlain = (write: Write): boolean => write.parts.length === 1 && write.parts[0]?.eff === write.eff;

/** The row of a write after its writer, with the bracket that ends it. Put together by hand: a memory has a dozen. */
function encodeRest(write: Write, writing: Writing): string {
  const {id, at, eff, value, carriers, parts, prior} = write;
  const seq = storedSeq(write.seq, writing.recordSeq);
  const joined = isPlain(write) ? '[]' : JSON.stringify(parts.map((part) => partRow(part, writing)));
  const before = prior === null ? 'null' : JSON.stringify(priorRow(prior, writing));
  return `${JSON.stringify(id)},${at},${eff},${seq},${JSON.stringify(value)},${itemList(carriers)},${joined},${before}]`;
}

const itemList = (ids: readonly ItemId[]): string =>
  `[${ids.map(({client, clock}) => `${client},${clock}`).join(',')}]`;

const writerOf = ({device, user}: Part, writing: Writing): Writer => [
  placeOf(device, writing),
  placeOf(user, writing),
];

const factsOf = ({id, at, eff, seq}: Part, {recordSeq}: Writing): Facts => [
  id,
  at,
  eff,
  storedSeq(seq, recordSeq),
];

const partRow = (part: Part, writing: Writing): PartRow => [
  ...writerOf(part, writing),
  ...factsOf(part, writing),
];

const priorRow = ({value, carriers, seq}: Prior, {recordSeq}: Writing): PriorRow => [
  value,
  flat(carriers),
  storedSeq(seq, recordSeq),
];

function placeOf(name: string, {names}: Writing): number {
  const known = names.get(name);
  if (known !== undefined) return known;
  const place = names.size;
  names.set(name, place);
  return place;
}

/** Below zero: relative to the record's own position, less one. */
const storedSeq = (seq: number, recordSeq: number): number =>
  seq >= PENDING_SEQ ? seq - recordSeq - 1 : seq;

const loadedSeq = (stored: number, recordSeq: number): number =>
  stored < 0 ? recordSeq + stored + 1 : stored;

const flat = (ids: readonly ItemId[]): number[] => ids.flatMap(({client, clock}) => [client, clock]);

function pairs(numbers: readonly number[]): ItemId[] {
  const ids: ItemId[] = [];
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    ids.push({client: numbers[index] ?? 0, clock: numbers[index + 1] ?? 0});
  }
  return ids;
}

/** Puts what `json` remembers into a record. */
export function decodeMemory(record: RecordState, json: string, recordSeq: number): void {
  const memory = JSON.parse(json) as Memory;
  const reading: Reading = {names: memory.names, recordSeq};
  record.created = memory.created;
  record.updatedBy = memory.updatedBy;
  for (const [key, row] of Object.entries(memory.writes)) record.writes.set(key, decodeWrite(row, reading));
  for (const [key, [device, user, id, at, eff, seq, kind, field]] of Object.entries(memory.texts)) {
    const part = decodePart([device, user, id, at, eff, seq], reading);
    record.textWrites.set(key, {...part, kind, field});
  }
}

function decodeWrite(row: WriteRow, reading: Reading): Write {
  const [device, user, id, at, eff, seq, value, carriers, joined, prior] = row;
  const own = decodePart([device, user, id, at, eff, seq], reading);
  return {
    ...own,
    value,
    carriers: pairs(carriers),
    parts: joined.length === 0 ? [{...own}] : joined.map((part) => decodePart(part, reading)),
    prior: prior === null ? null : decodePrior(prior, reading),
  };
}

const decodePart = ([device, user, id, at, eff, seq]: PartRow, reading: Reading): Part => ({
  id,
  device: nameAt(reading, device),
  user: nameAt(reading, user),
  at,
  eff,
  seq: loadedSeq(seq, reading.recordSeq),
});

function nameAt({names}: Reading, place: number): string {
  const name = names[place];
  if (name === undefined) throw new Error('A stored memory names a writer that it does not list.');
  return name;
}

const decodePrior = ([value, carriers, seq]: PriorRow, {recordSeq}: Reading): Prior => ({
  value,
  carriers: pairs(carriers),
  seq: loadedSeq(seq, recordSeq),
});

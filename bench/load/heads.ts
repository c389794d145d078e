// What a device must know of a record to write as a real one would: per field, the item Yjs shows, which a new
// write replaces. Keeping only that spares the load the cost of whole documents; two sampled devices keep those.
import {editedFields, fieldOfValue, seededClock, SEEDER_CLIENT, type EditedField} from './tasks.ts';
import type {ScannedStruct} from './update-scan.ts';

export interface Id {
  readonly client: number;
  readonly clock: number;
}

type Item = Pick<ScannedStruct, 'client' | 'clock' | 'originClient' | 'originClock'>;

/** Items remembered per field, newest first: those that may be siblings of one in flight. */
const CHAIN = 6;
/** Numbers per item: client, clock, and those of its origin. An item that is not there has client 0. */
const WIDTH = 4;

export interface Heads {
  /** The item a write of this field replaces now. */
  head(record: number, field: EditedField): Id;
  /** Takes in an item of the device's own. */
  add(record: number, field: EditedField, item: Item): void;
  /** Forgets a record, whose compacted state is then taken in by `addStruct`. */
  forget(record: number): void;
  /** Takes in a struct of a remote update, if it is a write of an edited field. */
  addStruct(record: number, struct: ScannedStruct): void;
}

/** Records 0 to `records` - 1 as seeded. */
export function createHeads(records: number): Heads {
  const stride = CHAIN * WIDTH;
  const items = new Float64Array(records * editedFields.length * stride);
  for (let chain = 0; chain < records * editedFields.length; chain++) {
    const field = editedFields[chain % editedFields.length] ?? 'title';
    items.set([SEEDER_CLIENT, seededClock(field), -1, -1], chain * stride);
  }
  const startOf = (record: number, field: EditedField): number =>
    (record * editedFields.length + editedFields.indexOf(field)) * stride;

  function add(record: number, field: EditedField, item: Item): void {
    const start = startOf(record, field);
    if (!becomesHead(items.subarray(start, start + stride), item)) return;
    items.copyWithin(start + WIDTH, start, start + stride - WIDTH);
    items[start] = item.client;
    items[start + 1] = item.clock;
    items[start + 2] = item.originClient;
    items[start + 3] = item.originClock;
  }

  return {
    head(record, field) {
      const start = startOf(record, field);
      return {client: items[start] ?? 0, clock: items[start + 1] ?? 0};
    },
    add,
    forget(record) {
      const width = editedFields.length * stride;
      items.fill(0, record * width, (record + 1) * width);
    },
    addStruct(record, struct) {
      if (struct.client === SEEDER_CLIENT) return;
      const field = struct.key === null ? fieldOfValue(struct.value) : fieldNamed(struct.key);
      if (field !== null) add(record, field, struct);
    },
  };
}

const fieldNamed = (key: string): EditedField | null => editedFields.find((field) => field === key) ?? null;

/** As Yjs orders the items of a key: among items with one origin, the higher client id stands to the right. */
function becomesHead(chain: Float64Array, item: Item): boolean {
  if (chain[0] === item.originClient && chain[1] === item.originClock) return true;
  let sibling = 0;
  for (let at = 0; at < chain.length; at += WIDTH) {
    if (chain[at] === item.client && chain[at + 1] === item.clock) return false;
    const isSibling = chain[at + 2] === item.originClient && chain[at + 3] === item.originClock;
    if (isSibling && sibling === 0) sibling = chain[at] ?? 0;
  }
  return item.client > sibling;
}

// A record that holds nothing but values of map entries, as it is stored, with honest updates and where a made-up one may
// point: what may be decided without its document.
import * as Y from 'yjs';
import {captureDelta} from '#crdt/capture-delta.ts';
import {tasks} from '#crdt/entities/tasks.ts';
import {encodeRecord, type RecordBytes} from '#crdt/record-codec.ts';
import {parseUpdate, type ParsedUpdate} from '#crdt/update-reader.ts';
import type {UpdateChange} from '#crdt/change.ts';
import {ana, ben, oneRecord, RECORD_ID} from '#test/support/one-record.ts';
import type {Random} from '#test/support/random.ts';
import type {Ground} from './ground.ts';

const OWN = 100;
const OTHERS = [50, 4_000_000_000] as const;
const maps: Ground['maps'] = [
  ['fields', ['title', 'cancelReason', 'priceMinor', 'status', 'dueAt', 'unknown']],
  ['items:checklist', ['one', 'two']],
];

export interface PlainGround {
  readonly ground: Ground;
  readonly stored: RecordBytes;
  /** Feed position of the record. */
  readonly seq: number;
}

export function changeOf(update: ParsedUpdate, ownClients: Iterable<number>): UpdateChange {
  const common = {kind: 'update', entity: 'tasks', id: RECORD_ID, generation: 0} as const;
  return {...common, update, ownClients: new Set(ownClients)};
}

function parsed(bytes: Uint8Array): ParsedUpdate {
  const result = parseUpdate(bytes);
  if (!result.ok) throw new Error(`An honest update was refused: ${result.code}`);
  return result.update;
}

function editAtRandom(doc: Y.Doc, random: Random): Uint8Array {
  const edit = (): void => {
    for (let edits = random.integer(3); edits >= 0; edits--) {
      const [field, value] = random.pick<readonly [string, unknown]>([
        ['title', `Title ${random.integer(9)}`],
        ['cancelReason', random.pick([null, 'a', 'b'])],
        ['priceMinor', random.integer(9)],
        ['status', random.pick(['draft', 'scheduled', 'completed', 'unheard of'])],
      ]);
      doc.getMap('fields').set(field, [random.integer(30_000), value]);
    }
  };
  return captureDelta(doc, () => doc.transact(edit)) ?? new Uint8Array();
}

/** Seeds: what the sender has not sent yet, one by one and as a whole. */
export function makePlain(random: Random): PlainGround {
  const one = oneRecord('tasks', {title: 'First', status: 'draft', priceMinor: 1});
  let seq = 1;
  const docs = [OWN, ...OTHERS].map((clientId) => {
    const doc = new Y.Doc();
    doc.clientID = clientId;
    return doc;
  });
  const stateOf = (): RecordBytes & {state: Uint8Array} => encodeRecord(one.record, seq);
  for (let round = random.integer(12); round > 0; round--) {
    if (random.chance(0.3)) {
      one.write({title: `Desk ${round}`}, {at: random.integer(20_000), actor: ana});
    } else {
      const doc = random.pick(docs);
      if (random.chance(0.7)) Y.applyUpdate(doc, stateOf().state);
      one.apply(changeOf(parsed(editAtRandom(doc, random)), [doc.clientID]), {actor: ben});
    }
    seq++;
  }
  const [sender = new Y.Doc()] = docs;
  if (random.chance(0.8)) Y.applyUpdate(sender, stateOf().state);
  const unsent = Array.from({length: 1 + random.integer(3)}, () => editAtRandom(sender, random));
  const {body, memory, state} = stateOf();
  const server = new Y.Doc();
  Y.applyUpdate(server, state);
  const seeds = [...unsent, Y.encodeStateAsUpdate(sender), Y.mergeUpdates(unsent)];
  const others = [...OTHERS, one.record.doc.clientID];
  const ground = {entity: tasks, server, state, own: [OWN], others, maps, texts: ['text:notes'], seeds};
  return {ground, stored: {body, memory}, seq};
}

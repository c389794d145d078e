// What does it cost to let an honest update in? Microseconds to parse it and to hold it against a loaded task of twelve
// fields and a text, for the updates that devices send most. Run: node --import ./load-typescript.js bench/guard.bench.ts
import * as Y from 'yjs';
import {tasks} from '#crdt/entities/tasks.ts';
import {guard} from '#crdt/guard.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {newDocument} from '#crdt/roots.ts';
import {parseUpdate, type ParsedUpdate} from '#crdt/update-reader.ts';

const ROUNDS = 20_000;
const WARM_UP = 3_000;
const DEVICE = 7;

const fieldNames = [
  'title',
  'clientId',
  'employeeId',
  'teamId',
  'serviceTypeId',
  'status',
  'priority',
  'dueAt',
  'startedAt',
  'completedAt',
  'priceMinor',
  'currency',
];

function loadedTask(): Y.Doc {
  const author = new Y.Doc();
  author.clientID = 3;
  for (const name of fieldNames) author.getMap('fields').set(name, [1_700_000_000_000, `value of ${name}`]);
  author.getText('text:notes').insert(0, 'Rang twice, nobody came. Key is with the neighbour. '.repeat(8));
  const server = newDocument(tasks, SERVER_CLIENT_ID_MIN);
  Y.applyUpdate(server, Y.encodeStateAsUpdate(author));
  return server;
}

/** The bytes a stock document sends for an edit. */
function updateOf(server: Y.Doc, edit: (doc: Y.Doc) => unknown): Uint8Array {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(server));
  doc.clientID = DEVICE;
  const before = Y.encodeStateVector(doc);
  doc.transact(() => edit(doc));
  return Y.encodeStateAsUpdate(doc, before);
}

const typeNotes = (doc: Y.Doc, edits: number): void => {
  for (let index = 0; index < edits; index++) doc.getText('text:notes').insert(index * 3, 'word ');
};

const edits: Readonly<Record<string, (doc: Y.Doc) => unknown>> = {
  'one field': (doc) => doc.getMap('fields').set('status', [1_700_000_000_001, 'in_progress']),
  'five fields': (doc) => {
    for (const name of fieldNames.slice(0, 5)) doc.getMap('fields').set(name, [1_700_000_000_001, 'new']);
  },
  'a word typed': (doc) => typeNotes(doc, 1),
  'an hour of notes (200 edits)': (doc) => typeNotes(doc, 200),
};

function microseconds(run: () => unknown): number {
  for (let round = 0; round < WARM_UP; round++) run();
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) run();
  return ((performance.now() - start) * 1_000) / ROUNDS;
}

function parsed(bytes: Uint8Array): ParsedUpdate {
  const result = parseUpdate(bytes);
  if (!result.ok) throw new Error(result.message);
  return result.update;
}

const doc = loadedTask();
const own: ReadonlySet<number> = new Set([DEVICE]);
const round2 = (value: number): number => Math.round(value * 100) / 100;
console.table(
  Object.entries(edits).map(([name, edit]) => {
    const bytes = updateOf(doc, edit);
    const update = parsed(bytes);
    return {
      update: name,
      bytes: bytes.length,
      'parse us': round2(microseconds(() => parseUpdate(bytes))),
      'guard us': round2(microseconds(() => guard({entity: tasks, doc}, update, own))),
      admitted: guard({entity: tasks, doc}, update, own).kind,
    };
  }),
);

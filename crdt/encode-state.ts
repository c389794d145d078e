// A document's whole state as Yjs encodes it, byte for byte, at the cost of what changed since it was last asked for. A
// record is encoded with every commit, and an edit touches few of the clients that ever wrote to it: what was said of the
// others is copied from the last time.
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Where an encoding speaks of one client. `deletes` is empty where nothing of the client is deleted. */
interface Place {
  readonly client: number;
  readonly structs: Range;
  readonly deletes: Range;
}

interface Encoded {
  readonly bytes: Uint8Array;
  /** Highest client id first, as Yjs writes them. */
  readonly places: readonly Place[];
}

interface Known {
  encoded: Encoded;
  /** Clients whose structs may have become others since. */
  readonly touched: Set<number>;
}

const NOTHING: Encoded = {bytes: new Uint8Array(), places: []};
const knownOf = new WeakMap<Y.Doc, Known>();

/** What `Y.encodeStateAsUpdate` answers. The next call copies from it: nobody may write to it. */
export function encodeState(doc: Y.Doc): Uint8Array {
  const {pendingStructs, pendingDs} = doc.store;
  if (pendingStructs !== null || pendingDs !== null) return Y.encodeStateAsUpdate(doc);
  const known = knownOf.get(doc);
  if (known === undefined) {
    const made: Known = {encoded: encode(doc, NOTHING, new Set()), touched: new Set()};
    knownOf.set(doc, made);
    doc.on('afterTransactionCleanup', (transaction: Y.Transaction) => noteTouched(made.touched, transaction));
    return made.encoded.bytes;
  }
  if (known.touched.size > 0) {
    known.encoded = encode(doc, known.encoded, known.touched);
    known.touched.clear();
  }
  return known.encoded.bytes;
}

/** Whose structs were added, deleted, split or joined. */
function noteTouched(touched: Set<number>, transaction: Y.Transaction): void {
  const {beforeState, afterState, deleteSet, _mergeStructs} = transaction;
  for (const [client, clock] of afterState) if (beforeState.get(client) !== clock) touched.add(client);
  for (const client of deleteSet.clients.keys()) touched.add(client);
  for (const {id} of _mergeStructs) touched.add(id.client);
}

type Structs = readonly (Y.Item | Y.GC)[];

/** touched: clients that `last` is out of date about; those it does not know need not be among them. */
function encode({store: {clients}}: Y.Doc, last: Encoded, touched: ReadonlySet<number>): Encoded {
  const encoder = new Y.UpdateEncoderV1();
  const rest = encoder.restEncoder;
  const copyOr = (known: Range | undefined, write: () => void): Range => {
    const from = encoding.length(rest);
    if (known === undefined) write();
    else encoding.writeUint8Array(rest, last.bytes.subarray(known.from, known.to));
    return {from, to: encoding.length(rest)};
  };
  const parts = partsOf(clients, last).map(({client, structs, place}) => {
    const known = touched.has(client) ? undefined : place;
    const isDeletedFrom =
      known === undefined ? structs.some(({deleted}) => deleted) : known.deletes.from < known.deletes.to;
    return {client, structs, known, isDeletedFrom};
  });
  encoding.writeVarUint(rest, parts.length);
  const written = parts.map(({client, structs, known}) =>
    copyOr(known?.structs, () => writeStructs(encoder, client, structs)),
  );
  encoding.writeVarUint(rest, parts.filter(({isDeletedFrom}) => isDeletedFrom).length);
  const deletes = parts.map(({client, structs, known, isDeletedFrom}) =>
    copyOr(known?.deletes, () => {
      if (isDeletedFrom) writeDeletes(rest, client, structs);
    }),
  );
  const places = parts.map(({client}, index): Place => ({
    client,
    structs: written[index] ?? EMPTY,
    deletes: deletes[index] ?? EMPTY,
  }));
  return {bytes: encoder.toUint8Array(), places};
}

const EMPTY: Range = {from: 0, to: 0};

/** Every client of the document, in order, with what was said of it. */
function partsOf(
  clients: ReadonlyMap<number, Structs>,
  {places}: Encoded,
): {client: number; structs: Structs; place: Place | undefined}[] {
  // Clients never leave a document: as many as before are the same ones.
  if (places.length === clients.size)
    return places.map((place) => ({client: place.client, structs: clients.get(place.client) ?? [], place}));
  const known = new Map(places.map((place) => [place.client, place]));
  return [...clients]
    .sort(([a], [b]) => b - a)
    .map(([client, structs]) => ({client, structs, place: known.get(client)}));
}

function writeStructs(encoder: Y.UpdateEncoderV1, client: number, structs: Structs): void {
  encoding.writeVarUint(encoder.restEncoder, structs.length);
  encoding.writeVarUint(encoder.restEncoder, client);
  encoding.writeVarUint(encoder.restEncoder, structs[0]?.id.clock ?? 0);
  for (const struct of structs) struct.write(encoder, 0);
}

/** Neighbours that are deleted are one run. */
function writeDeletes(rest: encoding.Encoder, client: number, structs: Structs): void {
  const runs: {clock: number; length: number}[] = [];
  let isRunning = false;
  for (const {deleted, id, length} of structs) {
    const run = runs.at(-1);
    if (deleted && isRunning && run !== undefined) run.length += length;
    else if (deleted) runs.push({clock: id.clock, length});
    isRunning = deleted;
  }
  writeRuns(rest, client, runs);
}

/** What is deleted of one client: runs of clocks. */
export function writeRuns(
  rest: encoding.Encoder,
  client: number,
  runs: readonly {readonly clock: number; readonly length: number}[],
): void {
  encoding.writeVarUint(rest, client);
  encoding.writeVarUint(rest, runs.length);
  for (const {clock, length} of runs) {
    encoding.writeVarUint(rest, clock);
    encoding.writeVarUint(rest, length);
  }
}

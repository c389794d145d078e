// PouchDB's server, spoken to in the CouchDB replication protocol: one database, one JSON document per record. What
// a replicating client sends is sent, without its local database: that spares the peer time.
import {createHash} from 'node:crypto';
import {join} from 'node:path';
import {fieldsOf, recordIdOf} from '../load/tasks.ts';
import {startServerProcess} from '../server-process.ts';
import {getJson, inBatches, postJson} from './http.ts';
import {packagesFolder} from './packages-folder.ts';
import {openAccess, type Access, type BurstEdit, type BurstLink, type CaughtUp, type Peer} from './peer.ts';

const PAGE = 1_000;
const BATCH = 500;

/** A revision's hash, made by the device as replication does. */
const hashOf = (record: number, generation: number): string =>
  createHash('md5').update(`${record}/${generation}`).digest('hex');

const databaseOf = ({url}: Access): string => `${url}/bench`;

/** Document `record` in its revision `generation`, with the revisions before it. */
const documentOf = (record: number, generation: number, changed: Readonly<Record<string, unknown>>) => ({
  _id: recordIdOf(record),
  _rev: `${generation}-${hashOf(record, generation)}`,
  _revisions: {
    start: generation,
    ids: Array.from({length: generation}, (_, back) => hashOf(record, generation - back)),
  },
  ...fieldsOf(record),
  ...changed,
});

interface Revision {
  readonly _id: string;
  readonly _rev: string;
}

/** Asks which revisions are missing and sends those, as a replicating client does. Throws if one is refused. */
const replicateUp = (access: Access, docs: readonly Revision[]): Promise<void> =>
  inBatches(docs, BATCH, async (batch) => {
    const {json} = await postJson(`${databaseOf(access)}/_revs_diff`, {
      body: Object.fromEntries(batch.map(({_id, _rev}) => [_id, [_rev]])),
    });
    const missing = json as Record<string, unknown>;
    const {json: refused} = await postJson(`${databaseOf(access)}/_bulk_docs`, {
      body: {docs: batch.filter(({_id}) => _id in missing), new_edits: false},
    });
    if ((refused as unknown[]).length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
  });

interface ChangesPage {
  readonly results: readonly {readonly id: string; readonly changes: readonly {readonly rev: string}[]}[];
  readonly last_seq: number;
}

interface BulkGot {
  readonly results: readonly {readonly id: string; readonly docs: readonly {readonly ok?: unknown}[]}[];
}

async function replicateDown(access: Access): Promise<CaughtUp> {
  const kept = new Map<string, unknown>();
  let total = 0;
  for (let since = 0, more = true; more;) {
    const page = await getJson(`${databaseOf(access)}/_changes?style=all_docs&since=${since}&limit=${PAGE}`);
    const {results, last_seq: last} = page.json as ChangesPage;
    // Asked for no document at all, it would not answer.
    if (results.length === 0) break;
    const docs = results.flatMap(({id, changes}) => changes.map(({rev}) => ({id, rev})));
    const got = await postJson(`${databaseOf(access)}/_bulk_get?revs=true&latest=true`, {body: {docs}});
    for (const {id, docs: found} of (got.json as BulkGot).results)
      if (found[0]?.ok !== undefined) kept.set(id, found[0].ok);
    total += page.bytes + got.bytes;
    since = last;
    more = results.length === PAGE;
  }
  return {records: kept.size, bytes: total};
}

function openBurst(access: Access): BurstLink {
  let generation = 1;
  return {
    async push(edits: readonly BurstEdit[]) {
      generation++;
      await replicateUp(
        access,
        edits.map(({record, field, value}) => documentOf(record, generation, {[field]: value})),
      );
      return 0;
    },
    close: () => Promise.resolve(),
  };
}

async function seed(access: Access, records: number): Promise<void> {
  const answer = await fetch(databaseOf(access), {method: 'PUT'});
  if (!answer.ok) throw new Error(`the database was not made: ${answer.status}`);
  const numbers = Array.from({length: records}, (_, record) => record);
  await replicateUp(
    access,
    numbers.map((record) => documentOf(record, 1, {})),
  );
}

export const pouchdb: Peer = {
  name: 'pouchdb',
  promises: {
    ack: 'written, not synced',
    checks: 'revisions',
    missing:
      'merging by field (whole documents; concurrent ones are kept side by side), synced commits (LevelDB), tokens, validation, audit, rows, encryption, live sync of Yjs documents',
  },
  isLive: false,
  keepsDocuments: false,
  hasTenants: false,
  isForeign: true,
  catchUpPaths: ['replication'],
  burstPaths: ['replication'],
  findObstacle: () => null,
  async start({folder, profileFolder}) {
    const server = await startServerProcess({
      args: [join(packagesFolder, 'pouchdb-server.js')],
      env: {DATA: join(folder, 'pouchdb')},
      ready: /listening on (http:\S+)/,
      profileFolder,
    });
    return {
      ...server,
      access: openAccess(server),
    };
  },
  async seed({access}, {needs}) {
    await seed(access, needs.records);
    return '';
  },
  connect: () => Promise.reject(new Error('pouchdb is measured over REST only')),
  catchUp: replicateDown,
  openBurst: (access) => Promise.resolve(openBurst(access)),
};

// Holds the journal of the kill test against what the server answers and what lies in its database.
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import * as Y from 'yjs';
import {createKeyring} from '#db/cipher.ts';
import {connectDatabase} from '#db/connect.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import {LiveDevice} from '#test/support/live-device.ts';
import {tokenOf, type KillWrite} from './kill-journal.ts';
import {databaseUrl} from './kill-server.ts';

export interface Access {
  readonly url: string;
  readonly token: string;
  readonly tenantId: string;
}

export interface Faults {
  readonly lost: string[];
  readonly doubled: string[];
  readonly other: string[];
}

interface PulledChange<Payload> {
  readonly entityId: string;
  readonly payload: Payload;
}

async function pullAll<Payload>({url, token, tenantId}: Access, encoding: 'json' | 'yjs') {
  const payloads = new Map<string, Payload>();
  for (let since = '', hasMore = true; hasMore;) {
    const query = new URLSearchParams({limit: '1000', encoding, ...(since === '' ? {} : {since})});
    const response = await fetch(`${url}/v1/sync/pull?${query.toString()}`, {
      headers: {authorization: `Bearer ${token}`, 'x-tenant-id': tenantId},
    });
    if (response.status !== 200) throw new Error(`A pull was answered ${response.status}`);
    const page = (await response.json()) as {
      changes: PulledChange<Payload>[];
      nextCursor: string;
      hasMore: boolean;
    };
    for (const {entityId, payload} of page.changes) payloads.set(entityId, payload);
    since = page.nextCursor;
    hasMore = page.hasMore;
  }
  return payloads;
}

interface TaskPayload {
  readonly title: string;
  readonly notes: string;
}

/** Acknowledged writes must be in the rows, and no write twice; `writes` was noted before this is called. */
export async function checkRows(access: Access, writes: readonly KillWrite[], faults: Faults): Promise<void> {
  const rows = await pullAll<TaskPayload>(access, 'json');
  const found = new Map([...rows].map(([id, {notes}]) => [id, countTokens(notes)]));
  const newest = new Map<string, KillWrite>();
  for (const write of writes) {
    const times = found.get(write.record)?.get(tokenOf(write)) ?? 0;
    if (write.acked && times === 0) faults.lost.push(`${write.name} is not in the notes of ${write.record}`);
    if (times > 1) faults.doubled.push(`${write.name} is ${times} times in the notes of ${write.record}`);
    if (write.isOwn && write.acked) newest.set(write.record, write);
  }
  // Titles of a record that one device writes only go forward.
  for (const [record, write] of newest) {
    const [, shown = '0'] = (rows.get(record)?.title ?? '').split('.');
    if (Number(shown) < write.number)
      faults.lost.push(`${record} shows ${shown}, and ${write.name} was acknowledged`);
  }
}

function countTokens(notes: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [token] of notes.matchAll(/\[[a-z]+\d+\.\d+\]/g))
    counts.set(token, (counts.get(token) ?? 0) + 1);
  return counts;
}

/** While nobody writes: documents, rows and a fresh device on the socket show the same, and hold every item. */
export async function checkDocuments(
  access: Access,
  writes: readonly KillWrite[],
  faults: Faults,
): Promise<void> {
  const rows = await pullAll<TaskPayload>(access, 'json');
  const documents = await pullAll<{update: string; generation: number}>(access, 'yjs');
  const fresh = await LiveDevice.connect({
    url: access.url.replace('http', 'ws'),
    token: access.token,
    tenantId: access.tenantId,
    keepFrames: false,
  });
  await fresh.live();
  const vectors = new Map<string, {generation: number; clocks: Map<number, number>}>();
  for (const [id, {update, generation}] of documents) {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, Buffer.from(update, 'base64'));
    vectors.set(id, {generation, clocks: Y.decodeStateVector(Y.encodeStateVector(doc))});
    const row = rows.get(id);
    const copy = fresh.records.get(`tasks/${id}`);
    if (!isSame(doc, row)) faults.other.push(`${id}: the row differs from the document`);
    if (copy === undefined || !isSame(copy.doc, row))
      faults.other.push(`${id}: a fresh device shows another state`);
  }
  fresh.close();
  await fresh.ended();
  for (const {record, item, acked, name} of writes) {
    const vector = vectors.get(record);
    if (!acked || item === null || vector?.generation !== item.generation) continue;
    if ((vector.clocks.get(item.client) ?? 0) < item.clock)
      faults.lost.push(`${name} is not in the document`);
  }
}

const isSame = (doc: Y.Doc, row: TaskPayload | undefined): boolean =>
  row !== undefined &&
  (doc.getMap('fields').get('title') as unknown[] | undefined)?.[1] === row.title &&
  doc.getText('text:notes').toJSON() === row.notes;

export interface DatabaseCounts {
  readonly records: number;
  readonly changes: number;
  readonly conflicts: number;
}

/** While nobody writes: log and conflicts have each write once; rows, log, chain and numbers verify. */
export async function checkDatabase(
  {tenantId, dataDir}: Access & {dataDir: string},
  writes: readonly KillWrite[],
  faults: Faults,
): Promise<DatabaseCounts> {
  const {pool, end} = connectDatabase({
    url: await databaseUrl(dataDir),
    poolSize: 2,
    applicationName: 'kill test',
    role: 'own',
  });
  try {
    const {rows: log} = await pool.query<{seq: number; record: string; device: string}>(
      `SELECT seq, record_id AS record, device_id AS device FROM audit_logs
       WHERE tenant_id = $1 AND action LIKE 'record.%'`,
      [tenantId],
    );
    checkLog(log, writes, faults);
    const {rows: conflicts} = await pool.query<{id: string; losers: number}>(
      `SELECT id, count(*) OVER (PARTITION BY entity, record_id, key, loser_id) AS losers
       FROM conflict_logs WHERE tenant_id = $1`,
      [tenantId],
    );
    const known = new Set(conflicts.map(({id}) => id));
    for (const {id, losers} of conflicts) {
      if (losers > 1) faults.doubled.push(`conflict ${id}: one write lost ${losers} times`);
    }
    for (const write of writes) {
      const missing = write.conflicts.filter((id) => !known.has(id));
      if (missing.length > 0)
        faults.lost.push(`${write.name}: conflict ${missing.join()} was told and is not there`);
    }
    const key = await readFile(join(dataDir, 'development-master-key'), 'utf8');
    const report = await verifyDatabase({
      pool,
      keyring: createKeyring({current: Buffer.from(key, 'base64')}),
    });
    for (const {place, message} of report.faults) faults.other.push(`verify: ${place} ${message}`);
    return report;
  } finally {
    await end();
  }
}

function checkLog(
  log: readonly {seq: number; record: string; device: string}[],
  writes: readonly KillWrite[],
  faults: Faults,
): void {
  const recordsBySeq = new Map(log.map(({seq, record}) => [seq, record]));
  const rowsByDevice = new Map<string, number>();
  for (const {device} of log) rowsByDevice.set(device, (rowsByDevice.get(device) ?? 0) + 1);
  const writesByDevice = new Map<string, number>();
  for (const write of writes) {
    writesByDevice.set(write.deviceId, (writesByDevice.get(write.deviceId) ?? 0) + 1);
    if (write.seq !== null && recordsBySeq.get(write.seq) !== write.record)
      faults.lost.push(`${write.name}: the log has another record at ${write.seq}`);
  }
  for (const [device, count] of writesByDevice) {
    const rows = rowsByDevice.get(device) ?? 0;
    if (rows > count) faults.doubled.push(`${device} made ${count} writes, and the log has ${rows}`);
  }
}

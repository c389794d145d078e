// Locks and loads what a group of changes needs to be decided: the records it touches, who may write, and the
// answers that were given before.
import type pg from 'pg';
import type {ChangeContext} from '#crdt/change.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {deletedAtOf, emptyRecord} from '#crdt/record.ts';
import {lockCounter} from '#db/access.ts';
import {sumAttachments} from '#db/attachments.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {findPushResults, type StoredResult} from '#db/push-results.ts';
import {lockOpen} from '#db/quarantine.ts';
import {lockRecords, recordName, type RecordKey, type StoredRecord, type WholeRecord} from '#db/records.ts';
import type {Storage} from './attaching.ts';
import type {WorkingRecord} from './decide-group.ts';
import {knownAccess, loadAccess, type GroupAccess, type LaneAccess} from './lane-access.ts';
import {openWithMemory} from './open-record.ts';
import {EMPTY_STATE} from './receipts.ts';
import type {CachedRecord, RecordCache} from './record-cache.ts';
import type {Submission} from './submission.ts';

export interface FlushDeps {
  readonly pool: pg.Pool;
  readonly cache: RecordCache;
  readonly cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
  /** The server's own Yjs client id. */
  readonly serverClientId: number;
  readonly readCursor: (tenantId: TenantId) => ChangeContext['readCursor'];
}

export interface GroupRequest {
  readonly tenantId: TenantId;
  readonly access: LaneAccess;
  readonly submissions: readonly Submission[];
  /** Access changed under this group before: nobody else may commit while it is decided. */
  readonly isContended: boolean;
}

export interface Loaded {
  readonly access: GroupAccess;
  readonly working: ReadonlyMap<string, WorkingRecord>;
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly repeats: ReadonlyMap<string, StoredResult>;
  /** Of the kept changes that the group lets in, those that still wait; locked. */
  readonly open: ReadonlySet<string>;
  /** Null where no file is announced. */
  readonly storage: Storage | null;
  /** When all that had to be asked was there, milliseconds of performance.now: from here on the group keeps the thread. */
  readonly since: number;
}

/** The record that a change is about, and the one that what it says belongs to. */
const recordsOf = ({change: {entity, id}, attaching}: Submission): readonly RecordKey[] =>
  attaching === undefined ? [{entity, id}] : [{entity, id}, attaching.owner];

const isAnnounced = ({attaching}: Submission): boolean => (attaching?.announcedBytes ?? null) !== null;
const pushName = (deviceId: string, changeId: string): string => `${deviceId}/${changeId}`;

export const repeatOf = (loaded: Loaded, {deviceId, changeId}: Submission): StoredResult | undefined =>
  changeId === null ? undefined : loaded.repeats.get(pushName(deviceId, changeId));

/**
 * The same from the cache alone. Null where anything must be asked of the database first: a record that is not
 * cached, a change that may be a repeat, a member not seen before, room for a file.
 */
export function loadCached(deps: FlushDeps, {tenantId, access, submissions}: GroupRequest): Loaded | null {
  const since = performance.now();
  const working = new Map<string, WorkingRecord>();
  const stored = new Map<string, StoredRecord>();
  const known = knownAccess(access, submissions);
  if (known === null) return null;
  for (const submission of submissions) {
    if (submission.changeId !== null || isAnnounced(submission)) return null;
    for (const key of recordsOf(submission)) {
      const name = recordName(key);
      if (working.has(name)) continue;
      const cached = deps.cache.get(tenantId, key);
      if (cached === undefined) return null;
      const {record, version, seq, updatedAt} = cached;
      const row = {entity: key.entity, id: key.id, seq, version, updatedAt, body: null};
      stored.set(name, {...row, generation: record.generation, deleted: deletedAtOf(record) !== null});
      working.set(name, {
        record,
        version,
        seq,
        loadedState: cached.state,
        isNew: false,
        deltas: [],
        changedFields: new Set(),
        place: 0,
      });
    }
  }
  return {access: known, working, stored, repeats: new Map(), open: new Set(), storage: null, since};
}

export async function loadGroup(
  deps: FlushDeps,
  client: pg.PoolClient,
  group: GroupRequest & {readonly cipher: TenantCipher},
): Promise<Loaded> {
  const {tenantId, submissions, isContended} = group;
  const keys = new Map(submissions.flatMap(recordsOf).map((key) => [recordName(key), key]));
  const cached = new Map([...keys].map(([name, key]) => [name, deps.cache.get(tenantId, key)]));
  const named = submissions.flatMap(({deviceId, changeId}) =>
    changeId === null ? [] : [{deviceId, changeId}],
  );
  const approved = submissions.flatMap(({approval}) =>
    approval === undefined ? [] : [approval.quarantineId],
  );
  const announces = submissions.some(isAnnounced);
  // Sent together: the connection pipelines them.
  const [rows, open, , repeats, access, storage] = await Promise.all([
    lockRecords(
      client,
      tenantId,
      [...keys].map(([name, key]) => ({...key, version: cached.get(name)?.version ?? null})),
    ),
    // Before the counter: who discards one takes them in this order.
    approved.length === 0 ? [] : lockOpen(client, tenantId, approved),
    // Whoever announces a file counts what all others have announced.
    isContended || announces ? lockCounter(client, tenantId) : null,
    named.length === 0 ? [] : findPushResults(client, tenantId, named),
    loadAccess(client, group),
    announces ? sumAttachments(client, tenantId) : null,
  ]);
  const since = performance.now();
  const stored = new Map(rows.map((row) => [recordName(row), row]));
  const working = new Map(
    [...keys].map(([name, key]) => [
      name,
      workOn(deps, {key, cipher: group.cipher, stored: stored.get(name), cached: cached.get(name)}),
    ]),
  );
  return {
    access,
    working,
    stored,
    repeats: new Map(repeats.map((repeat) => [pushName(repeat.deviceId, repeat.changeId), repeat])),
    open: new Set(open),
    storage,
    since,
  };
}

function workOn(
  deps: FlushDeps,
  {
    key,
    cipher,
    stored,
    cached,
  }: {
    key: RecordKey;
    cipher: TenantCipher;
    stored: WholeRecord | undefined;
    cached: CachedRecord | undefined;
  },
): WorkingRecord {
  const fresh = {deltas: [], changedFields: new Set<string>(), place: 0};
  if (stored === undefined) {
    return {
      ...fresh,
      record: emptyRecord(entities[key.entity], key.id, deps.serverClientId),
      loadedState: EMPTY_STATE,
      isNew: true,
      version: 0,
      seq: null,
    };
  }
  const {version, seq} = stored;
  if (stored.body === null && cached !== undefined)
    return {...fresh, record: cached.record, loadedState: cached.state, isNew: false, version, seq};
  const {record, body} = openWithMemory(cipher, stored, deps.serverClientId);
  return {...fresh, record, loadedState: body.state, isNew: false, version, seq};
}

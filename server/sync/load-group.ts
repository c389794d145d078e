// Locks and loads what a group of changes needs to be decided: the records it touches, who may write, and the
// answers that were given before.
import type pg from 'pg';
import type {ChangeContext} from '#crdt/change.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {decodeRecord, splitRecord} from '#crdt/record-codec.ts';
import {deletedAtOf, emptyRecord} from '#crdt/record.ts';
import {readAccess, type Writer, type WriterAccess} from '#db/access.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {findPushResults, type StoredResult} from '#db/push-results.ts';
import {bodyPlace, lockRecords, type StoredRecord} from '#db/records.ts';
import type {WorkingRecord} from './decide-group.ts';
import {EMPTY_STATE} from './receipts.ts';
import type {CachedRecord, RecordCache} from './record-cache.ts';
import type {Submission} from './submission.ts';

/** What a lane knows of who may write, and at which version it learned it. */
export interface LaneAccess {
  accessVersion: number;
  /** By writerName. */
  readonly members: Map<string, WriterAccess | null>;
}

export interface FlushDeps {
  readonly pool: pg.Pool;
  readonly cache: RecordCache;
  readonly cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
  /** The server's own Yjs client id. */
  readonly serverClientId: number;
  readonly readCursor: (tenantId: TenantId) => ChangeContext['readCursor'];
}

/** Somebody's role or membership changed since this lane last read them: decide again. */
export class AccessChanged extends Error {}

/** Who may write, as of one version: what another node or request forgets meanwhile does not change it. */
export interface GroupAccess {
  readonly version: number;
  readonly members: ReadonlyMap<string, WriterAccess | null>;
}

export interface Loaded {
  readonly access: GroupAccess;
  readonly working: ReadonlyMap<string, WorkingRecord>;
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly repeats: ReadonlyMap<string, StoredResult>;
}

/** A member may write from one device and no longer from another. */
export const writerName = ({userId, deviceId}: Writer): string => `${userId}/${deviceId}`;

export const recordName = ({change}: Submission): string => `${change.entity}/${change.id}`;
const pushName = (deviceId: string, changeId: string): string => `${deviceId}/${changeId}`;

export const repeatOf = (loaded: Loaded, {deviceId, changeId}: Submission): StoredResult | undefined =>
  changeId === null ? undefined : loaded.repeats.get(pushName(deviceId, changeId));

/**
 * The same from the cache alone. Null where anything must be asked of the database first: a record that is not
 * cached or wants a number, a change that may be a repeat, a member not seen before.
 */
export function loadCached(
  deps: FlushDeps,
  {
    tenantId,
    access,
    submissions,
  }: {tenantId: TenantId; access: LaneAccess; submissions: readonly Submission[]},
): Loaded | null {
  const working = new Map<string, WorkingRecord>();
  const stored = new Map<string, StoredRecord>();
  const members = new Map<string, WriterAccess | null>();
  for (const submission of submissions) {
    const {change, changeId} = submission;
    const writer = writerName(submission);
    const member = access.members.get(writer);
    if (changeId !== null || member === undefined) return null;
    members.set(writer, member);
    const name = recordName(submission);
    if (working.has(name)) continue;
    const cached = deps.cache.get(tenantId, change);
    if (cached === undefined || wantsNumber(cached)) return null;
    const {record, version, seq, updatedAt} = cached;
    const row = {entity: change.entity, id: change.id, seq, version, updatedAt, body: null};
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
  return {access: {version: access.accessVersion, members}, working, stored, repeats: new Map()};
}

const wantsNumber = ({record}: CachedRecord): boolean =>
  record.entity.numbering !== undefined && !record.writes.has(record.entity.numbering.field);

export async function loadGroup(
  deps: FlushDeps,
  client: pg.PoolClient,
  group: {tenantId: TenantId; access: LaneAccess; submissions: readonly Submission[]; cipher: TenantCipher},
): Promise<Loaded> {
  const {tenantId, submissions} = group;
  const keys = new Map(
    submissions.map(({change}) => [`${change.entity}/${change.id}`, {entity: change.entity, id: change.id}]),
  );
  const cached = new Map([...keys].map(([name, key]) => [name, deps.cache.get(tenantId, key)]));
  const named = submissions.flatMap(({deviceId, changeId}) =>
    changeId === null ? [] : [{deviceId, changeId}],
  );
  // Sent together: the connection pipelines them.
  const [rows, repeats, access] = await Promise.all([
    lockRecords(
      client,
      tenantId,
      [...keys].map(([name, key]) => ({...key, version: cached.get(name)?.version ?? null})),
    ),
    named.length === 0 ? [] : findPushResults(client, tenantId, named),
    loadAccess(client, group),
  ]);
  const stored = new Map(rows.map((row) => [`${row.entity}/${row.id}`, row]));
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
  };
}

async function loadAccess(
  client: pg.PoolClient,
  {
    tenantId,
    access,
    submissions,
  }: {tenantId: TenantId; access: LaneAccess; submissions: readonly Submission[]},
): Promise<GroupAccess> {
  const members = new Map<string, WriterAccess | null>();
  const unknown = new Map<string, Submission>();
  for (const submission of submissions) {
    // The server's own changes ask nobody; a group of them alone only reads the version.
    if (submission.change.kind === 'server') continue;
    const name = writerName(submission);
    const member = access.members.get(name);
    if (member === undefined) unknown.set(name, submission);
    else members.set(name, member);
  }
  if (unknown.size === 0 && members.size > 0) return {version: access.accessVersion, members};
  const read = await readAccess(client, tenantId, [...unknown.values()]);
  if (read === null) throw new Error('The tenant has no counter.');
  // Members read at different versions must not be mixed: a version that moved clears what was known.
  if (read.accessVersion !== access.accessVersion) access.members.clear();
  if (read.accessVersion !== access.accessVersion && members.size > 0) throw new AccessChanged();
  access.accessVersion = read.accessVersion;
  for (const name of unknown.keys()) members.set(name, null);
  for (const writer of read.writers) members.set(writerName(writer), writer);
  for (const [name, member] of members) access.members.set(name, member);
  return {version: read.accessVersion, members};
}

function workOn(
  deps: FlushDeps,
  {
    key,
    cipher,
    stored,
    cached,
  }: {
    key: {entity: keyof typeof entities; id: string};
    cipher: TenantCipher;
    stored: StoredRecord | undefined;
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
  const {version, seq, generation} = stored;
  if (stored.body === null && cached !== undefined)
    return {...fresh, record: cached.record, loadedState: cached.state, isNew: false, version, seq};
  const bytes = cipher.open(stored.body ?? new Uint8Array(), bodyPlace(key, version));
  const record = decodeRecord(bytes, {
    entity: entities[key.entity],
    id: key.id,
    seq,
    generation,
    clientId: deps.serverClientId,
  });
  return {...fresh, record, loadedState: splitRecord(bytes).state, isNew: false, version, seq};
}

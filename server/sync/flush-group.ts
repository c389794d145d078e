// One attempt to commit one group of a tenant: lock and load, decide, write, COMMIT. lane.ts decides what a
// failure means. Everything a reader may see is swapped in only after COMMIT has returned.
import type pg from 'pg';
import type {ChangeContext, ChangeOutcome, RefusedField} from '#crdt/change.ts';
import {compactRecord} from '#crdt/compact.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonValue} from '#crdt/json.ts';
import {COMPACT_BYTES_MIN, RECORD_BYTES_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {decodeRecord, splitRecord} from '#crdt/record-codec.ts';
import {emptyRecord, settleSeqs} from '#crdt/record.ts';
import {readAccess, type MemberAccess} from '#db/access.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {writeGroup, type GroupCommitted, type ResultWrite} from '#db/group-commit.ts';
import {findPushResults, type StoredResult} from '#db/push-results.ts';
import {bodyPlace, lockRecords, readRecord, type RecordKey, type StoredRecord} from '#db/records.ts';
import {takeNumbers} from '#db/series.ts';
import {withTenant} from '#db/transaction.ts';
import {
  decideGroup,
  giveNumber,
  numbersDue,
  stateVectorOf,
  type Decided,
  type GroupDecision,
  type WorkingRecord,
} from './decide-group.ts';
import {encodeGroup, type EncodedGroup} from './encode-group.ts';
import type {CachedRecord, RecordCache} from './record-cache.ts';
import type {Committed, ConflictNotice, CurrentState, Receipt, Submission} from './submission.ts';

/** What a lane knows of who may write, and at which version it learned it. */
export interface LaneAccess {
  accessVersion: number;
  readonly members: Map<string, MemberAccess | null>;
}

export interface FlushDeps {
  readonly pool: pg.Pool;
  readonly cache: RecordCache;
  readonly cipherOf: (tenantId: TenantId) => Promise<TenantCipher>;
  /** The server's own Yjs client id. */
  readonly serverClientId: number;
  readonly readCursor: (tenantId: TenantId) => ChangeContext['readCursor'];
}

export interface Flushed {
  readonly receipts: readonly Receipt[];
  /** Null where nothing was logged. */
  readonly committed: Committed | null;
}

/** Somebody's role or membership changed since this lane last read them: decide again. */
export class AccessChanged extends Error {}

/** A Yjs state vector, and a Yjs V1 update, of nothing. */
const EMPTY_VECTOR = new Uint8Array([0]);
const EMPTY_STATE = new Uint8Array([0, 0]);

/** Who may write, as of one version: what another node or request forgets meanwhile does not change it. */
interface GroupAccess {
  readonly version: number;
  readonly members: ReadonlyMap<string, MemberAccess | null>;
}

interface Loaded {
  readonly access: GroupAccess;
  readonly working: ReadonlyMap<string, WorkingRecord>;
  readonly stored: ReadonlyMap<string, StoredRecord>;
  readonly repeats: ReadonlyMap<string, StoredResult>;
}

const recordName = ({change}: Submission): string => `${change.entity}/${change.id}`;
const pushName = (deviceId: string, changeId: string): string => `${deviceId}/${changeId}`;

/** On any throw the caller drops the cached records of the group: their documents are ahead of the database. */
export async function flushGroup(
  deps: FlushDeps,
  {
    tenantId,
    access,
    submissions,
  }: {tenantId: TenantId; access: LaneAccess; submissions: readonly Submission[]},
): Promise<Flushed> {
  const cipher = await deps.cipherOf(tenantId);
  const prepared = await withTenant(deps.pool, tenantId, async (client) => {
    const loaded = await load(deps, client, {tenantId, access, submissions, cipher});
    const fresh = submissions.filter((submission) => repeatOf(loaded, submission) === undefined);
    const decision = decideGroup({
      submissions: fresh,
      recordOf: (submission) => need(loaded.working.get(recordName(submission))),
      memberOf: (userId) => loaded.access.members.get(userId) ?? undefined,
      readCursor: deps.readCursor(tenantId),
    });
    await giveNumbers(client, tenantId, loaded);
    const compacted = compactGrown(deps, loaded);
    const encoded = encode(cipher, {loaded, decision, fresh});
    const counter = await write(client, tenantId, {encoded, loaded, fresh});
    return {loaded, fresh, decision, encoded, counter, compacted};
  });
  return publish(deps, tenantId, {...prepared, submissions});
}

/** Null where nothing had to be written. What was decided, refusals too, holds for the roles of the moment only. */
async function write(
  client: pg.PoolClient,
  tenantId: TenantId,
  {encoded, loaded, fresh}: {encoded: EncodedGroup; loaded: Loaded; fresh: readonly Submission[]},
): Promise<GroupCommitted | null> {
  const {version} = loaded.access;
  if (encoded.write.audit.length + encoded.write.results.length > 0) {
    const counter = await writeGroup(client, {tenantId, accessVersion: version}, encoded.write);
    if (counter === null) throw new AccessChanged();
    return counter;
  }
  const now = fresh.length === 0 ? null : await readAccess(client, tenantId, []);
  if (now !== null && now.accessVersion !== version) throw new AccessChanged();
  return null;
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('A record of the group was not loaded.');
  return value;
}

const repeatOf = (loaded: Loaded, {deviceId, changeId}: Submission): StoredResult | undefined =>
  changeId === null ? undefined : loaded.repeats.get(pushName(deviceId, changeId));

async function load(
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
  const members = new Map<string, MemberAccess | null>();
  const unknown = new Set<string>();
  for (const {userId} of submissions) {
    const member = access.members.get(userId);
    if (member === undefined) unknown.add(userId);
    else members.set(userId, member);
  }
  if (unknown.size === 0) return {version: access.accessVersion, members};
  const read = await readAccess(client, tenantId, [...unknown]);
  if (read === null) throw new Error('The tenant has no counter.');
  // Members read at different versions must not be mixed: a version that moved clears what was known.
  if (read.accessVersion !== access.accessVersion) access.members.clear();
  if (read.accessVersion !== access.accessVersion && members.size > 0) throw new AccessChanged();
  access.accessVersion = read.accessVersion;
  for (const userId of unknown) members.set(userId, null);
  for (const member of read.members) members.set(member.userId, member);
  for (const [userId, member] of members) access.members.set(userId, member);
  return {version: read.accessVersion, members};
}

/** A record as committed, past the cache; null if there is none. */
export async function readCurrent(
  {pool, cipherOf}: Pick<FlushDeps, 'pool' | 'cipherOf'>,
  tenantId: TenantId,
  {entity, id}: RecordKey,
): Promise<CurrentState | null> {
  const cipher = await cipherOf(tenantId);
  const stored = await withTenant(pool, tenantId, (client) => readRecord(client, tenantId, {entity, id}));
  if (stored === undefined) return null;
  const bytes = cipher.open(stored.body, bodyPlace({entity, id}, stored.version));
  return {generation: stored.generation, state: splitRecord(bytes).state};
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
    };
  }
  const {version} = stored;
  if (stored.body === null && cached !== undefined)
    return {...fresh, record: cached.record, loadedState: cached.state, isNew: false, version};
  const bytes = cipher.open(stored.body ?? new Uint8Array(), bodyPlace(key, version));
  const {seq, generation} = stored;
  const record = decodeRecord(bytes, {
    entity: entities[key.entity],
    id: key.id,
    seq,
    generation,
    clientId: deps.serverClientId,
  });
  return {...fresh, record, loadedState: splitRecord(bytes).state, isNew: false, version};
}

async function giveNumbers(client: pg.PoolClient, tenantId: TenantId, loaded: Loaded): Promise<void> {
  const due = numbersDue(loaded.working.values());
  // In one order for all nodes, so that two that need several series cannot wait for each other.
  for (const series of [...new Set(due.map((item) => item.series))].sort()) {
    const takers = due.filter((item) => item.series === series);
    const first = await takeNumbers(client, tenantId, {series, count: takers.length});
    for (const [index, taker] of takers.entries()) giveNumber(taker, first + index, Date.now());
  }
}

/** Begins a new generation for changed records whose history outweighs what they say. */
function compactGrown(deps: FlushDeps, loaded: Loaded): ReadonlySet<WorkingRecord> {
  const compacted = new Set<WorkingRecord>();
  for (const working of loaded.working.values()) {
    if (working.place === 0) continue;
    const grown = grownBytes(working);
    if (grown < COMPACT_BYTES_MIN) continue;
    compactRecord(working.record, deps.serverClientId);
    working.deltas.length = 0;
    compacted.add(working);
  }
  return compacted;
}

/** An estimate of the history in a document: structs beyond those that show something. Cheap enough for every commit. */
function grownBytes({record}: WorkingRecord): number {
  let structs = 0;
  for (const list of record.doc.store.clients.values()) structs += list.length;
  return Math.max(0, structs - record.writes.size * 4) * STRUCT_BYTES;
}

// A struct of a document: ids, origin, a short value.
const STRUCT_BYTES = 12;

function encode(
  cipher: TenantCipher,
  {loaded, decision, fresh}: {loaded: Loaded; decision: GroupDecision; fresh: readonly Submission[]},
): EncodedGroup {
  const encoded = encodeGroup(cipher, {
    decision,
    records: loaded.working.values(),
    results: (noticesOf) =>
      fresh.flatMap((submission, index) => resultWrites(submission, decision.decided[index], noticesOf)),
  });
  for (const state of encoded.states.values()) {
    if (state.length > RECORD_BYTES_MAX) throw new RecordTooLarge();
  }
  return encoded;
}

/** A change made its record's document larger than allowed; alone in its group it is refused. */
export class RecordTooLarge extends Error {}

/** What a repeat of a named change is answered with. */
interface RememberedResult {
  readonly conflicts: readonly ConflictNotice[];
  readonly refused: readonly RefusedField[];
}

function resultWrites(
  {change, deviceId, changeId}: Submission,
  decided: Decided | undefined,
  noticesOf: (place: number) => ConflictNotice[],
): ResultWrite[] {
  // A rejected change may be sent again once corrected, under the same name or another.
  if (changeId === null || decided?.outcome.kind !== 'done' || decided.outcome.status === 'rejected')
    return [];
  const {place, outcome} = decided;
  const conflicts = place === null ? [] : noticesOf(place).map(({id, fields}) => ({id, fields: [...fields]}));
  const refused = outcome.refused.map(({field, code}) => ({field, code}));
  const result: JsonValue = {conflicts, refused};
  return [{entity: change.entity, id: change.id, deviceId, changeId, place, result}];
}

interface Prepared {
  readonly submissions: readonly Submission[];
  readonly loaded: Loaded;
  readonly fresh: readonly Submission[];
  readonly decision: GroupDecision;
  readonly encoded: EncodedGroup;
  readonly counter: GroupCommitted | null;
  readonly compacted: ReadonlySet<WorkingRecord>;
}

/** After COMMIT: settles positions, swaps the cache, and makes receipts. */
function publish(deps: FlushDeps, tenantId: TenantId, prepared: Prepared): Flushed {
  const {loaded, counter, encoded, submissions, fresh, decision} = prepared;
  const current = new Map<string, CurrentState>();
  for (const [name, working] of loaded.working) {
    const entry = cacheEntry(working, {
      stored: loaded.stored.get(name),
      state: encoded.states.get(working),
      counter,
    });
    if (entry === null) continue;
    deps.cache.put(tenantId, {entity: working.record.entity.name, id: working.record.id}, entry);
    current.set(name, {generation: working.record.generation, state: entry.state});
  }
  const decidedOf = new Map(fresh.map((submission, index) => [submission, decision.decided[index]]));
  const receipts = submissions.map((submission) => {
    const repeat = repeatOf(loaded, submission);
    return repeat === undefined
      ? receiptOf(need(decidedOf.get(submission)), {
          counter,
          encoded,
          current: current.get(recordName(submission)) ?? null,
        })
      : repeatReceipt(submission, repeat);
  });
  const isLogged = encoded.write.audit.length > 0;
  return {
    receipts,
    committed: counter === null || !isLogged ? null : committedOf(tenantId, {...prepared, counter}),
  };
}

function cacheEntry(
  working: WorkingRecord,
  {
    stored,
    state,
    counter,
  }: {stored: StoredRecord | undefined; state: Uint8Array | undefined; counter: GroupCommitted | null},
): CachedRecord | null {
  const {record, place, version} = working;
  if (place > 0 && counter !== null && state !== undefined) {
    settleSeqs(record, counter.base);
    return {record, version: version + 1, seq: counter.base + place, updatedAt: counter.at, state};
  }
  if (stored === undefined) return null;
  return {record, version, seq: stored.seq, updatedAt: stored.updatedAt, state: working.loadedState};
}

function committedOf(
  tenantId: TenantId,
  {loaded, encoded, counter}: Prepared & {counter: GroupCommitted},
): Committed {
  const {base, at} = counter;
  const records = [...loaded.working.values()].flatMap((working) => {
    const {record, place, deltas} = working;
    const state = encoded.states.get(working);
    if (place === 0 || state === undefined) return [];
    return [
      {
        entity: record.entity.name,
        id: record.id,
        seq: base + place,
        generation: record.generation,
        deltas,
        state,
      },
    ];
  });
  records.sort((a, b) => a.seq - b.seq);
  return {
    tenantId,
    from: base,
    to: base + encoded.write.audit.length,
    at,
    records,
    conflicts: encoded.conflicts.map(({place, ...conflict}) => ({...conflict, seq: base + place})),
  };
}

function receiptOf(
  {outcome, place}: Decided,
  {
    counter,
    encoded,
    current,
  }: {counter: GroupCommitted | null; encoded: EncodedGroup; current: CurrentState | null},
): Receipt {
  if (outcome.kind === 'need') {
    return {
      kind: 'need',
      generation: current?.generation ?? 0,
      stateVector: current === null ? EMPTY_VECTOR : stateVectorOf(current.state),
    };
  }
  if (outcome.kind === 'reset')
    return {kind: 'reset', current: current ?? {generation: 0, state: EMPTY_STATE}};
  const seq = place === null || counter === null ? null : counter.base + place;
  const conflicts = encoded.conflicts
    .filter((conflict) => conflict.place === place)
    .map(({id, key}) => ({id, fields: [key]}));
  return doneReceipt(outcome, {
    seq,
    updatedAt: seq === null ? null : (counter?.at ?? null),
    conflicts,
    current,
  });
}

function doneReceipt(
  outcome: Extract<ChangeOutcome, {kind: 'done'}>,
  rest: {
    seq: number | null;
    updatedAt: Date | null;
    conflicts: ConflictNotice[];
    current: CurrentState | null;
  },
): Receipt {
  const {seq, updatedAt, conflicts, current} = rest;
  const {status, refused} = outcome;
  if (status !== 'rejected') return {kind: status, seq, updatedAt, conflicts, refused};
  const error = outcome.error ?? {code: 'internal' as const, message: 'Refused.'};
  return {kind: 'rejected', error, seq, conflicts, refused, current};
}

function repeatReceipt({change}: Submission, repeat: StoredResult): Receipt {
  if (repeat.entity !== change.entity || repeat.recordId !== change.id) {
    const error = {
      code: 'idempotency_conflict' as const,
      message: 'The change id was used for another record.',
    };
    return {kind: 'rejected', error, seq: null, conflicts: [], refused: [], current: null};
  }
  const {conflicts, refused} = repeat.result as unknown as RememberedResult;
  return {
    kind: 'unchanged',
    seq: repeat.seq,
    updatedAt: null,
    conflicts,
    refused: refused,
  };
}

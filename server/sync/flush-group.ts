// One attempt to commit one group of a tenant: lock and load, decide, write, COMMIT. lane.ts decides what a
// failure means. Everything a reader may see is swapped in only after COMMIT has returned.
import type pg from 'pg';
import {compactRecord} from '#crdt/compact.ts';
import {COMPACT_BYTES_MIN, RECORD_BYTES_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {settleSeqs} from '#crdt/record.ts';
import {readAccess} from '#db/access.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {writeGroup, type ExpectedRecord, type GroupCommitted} from '#db/group-commit.ts';
import type {QuarantineWrite} from '#db/group-notes.ts';
import {limitKept} from '#db/quarantine.ts';
import {recordName, type StoredRecord} from '#db/records.ts';
import {withTenant, withTenantPlanned} from '#db/transaction.ts';
import {decideGroup, type GroupDecision, type WorkingRecord} from './decide-group.ts';
import type {CommittedAccess} from './access-events.ts';
import {encodeGroup, type EncodedGroup} from './encode-group.ts';
import {scopeSeeds} from './scope-seeds.ts';
import {
  AccessChanged,
  followOwnEvents,
  forgetAccess,
  isGranted,
  writerName,
  writerOf,
  type LaneAccess,
} from './lane-access.ts';
import {
  loadCached,
  loadGroup,
  repeatOf,
  type FlushDeps,
  type GroupRequest,
  type Loaded,
} from './load-group.ts';
import {giveNumbers, latestOf, numbersDue} from './give-numbers.ts';
import {keepForManagers} from './keep-for-managers.ts';
import {receiptOf, repeatReceipt, resultWrites} from './receipts.ts';
import type {CachedRecord} from './record-cache.ts';
import type {Committed, CurrentState, Receipt, Submission} from './submission.ts';
import {followScope, writeDecided} from './write-decided.ts';

export interface Flushed {
  readonly receipts: readonly Receipt[];
  /** Null where nothing was logged. */
  readonly committed: Committed | null;
  /** Milliseconds for which deciding and encoding it kept the thread. */
  readonly busyMs: number;
}

/** On any throw the caller drops the cached records of the group: their documents are ahead of the database. */
export async function flushGroup(deps: FlushDeps, request: GroupRequest): Promise<Flushed> {
  const cipher = await deps.cipherOf(request.tenantId);
  const loaded = loadCached(deps, request);
  const flushed = loaded === null ? null : await flushCached(deps, request, {cipher, loaded});
  return flushed ?? flushLocked(deps, request, cipher);
}

/**
 * The short way, for a group whose records are all cached: decides on the cache, and lets the one statement that
 * writes find out whether that is still how things are. Null where there is nothing to write; where a number has
 * become due, which is taken under a lock; or where another node was here meanwhile. Then the documents went ahead of
 * the database and are dropped.
 */
async function flushCached(
  deps: FlushDeps,
  {tenantId, access, submissions}: GroupRequest,
  {cipher, loaded}: {cipher: TenantCipher; loaded: Loaded},
): Promise<Flushed | null> {
  const decided = decide(deps, tenantId, {loaded, fresh: submissions});
  const seeds = scopeSeeds(decided.logged);
  if (decided.logged.length === 0) return null;
  if (numbersDue(loaded.working.values(), latestOf(submissions)).length > 0) {
    dropAll(deps, tenantId, submissions);
    return null;
  }
  const {decision, quarantined} = await keepForManagers(cipher, {
    decision: decided,
    fresh: submissions,
    loaded,
    ask: (kept) => withTenant(deps.pool, tenantId, (client) => limitKept(client, tenantId, kept)),
  });
  compactGrown(deps, loaded);
  const encoded = encode(cipher, {loaded, decision, fresh: submissions, quarantined});
  const busyMs = performance.now() - loaded.since;
  const terms = {
    tenantId,
    ...versionsOf(loaded),
    expected: [...loaded.stored.values()].map(keyAndVersion),
  };
  const written = await writeDecided(deps.pool, terms, {seeds, encoded});
  if (written.counter === null) {
    forgetAccess(access);
    dropAll(deps, tenantId, submissions);
    return null;
  }
  return publish(deps, tenantId, {
    submissions,
    access,
    loaded,
    fresh: submissions,
    decision,
    encoded,
    busyMs,
    ...written,
  });
}

function dropAll({cache}: FlushDeps, tenantId: TenantId, submissions: readonly Submission[]): void {
  for (const {change} of submissions) cache.drop(tenantId, change);
}

const versionsOf = ({access}: Loaded) => ({accessVersion: access.version, scopeVersion: access.scopeVersion});

const keyAndVersion = ({entity, id, version}: StoredRecord): ExpectedRecord => ({entity, id, version});

/** The whole way: locks what the group touches, loads what is not cached, decides, writes. */
async function flushLocked(deps: FlushDeps, request: GroupRequest, cipher: TenantCipher): Promise<Flushed> {
  const {tenantId, submissions} = request;
  const prepared = await withTenantPlanned(deps.pool, tenantId, async (client) => {
    const loaded = await loadGroup(deps, client, {...request, cipher});
    const fresh = submissions.filter((submission) => repeatOf(loaded, submission) === undefined);
    const {decision, quarantined} = await keepForManagers(cipher, {
      decision: decide(deps, tenantId, {loaded, fresh}),
      fresh,
      loaded,
      ask: (kept) => limitKept(client, tenantId, kept),
    });
    await giveNumbers(client, tenantId, {records: loaded.working.values(), now: latestOf(fresh)});
    compactGrown(deps, loaded);
    const encoded = encode(cipher, {loaded, decision, fresh, quarantined});
    const busyMs = performance.now() - loaded.since;
    const counter = await write(client, tenantId, {encoded, loaded, fresh});
    const seeds = scopeSeeds(decision.logged);
    const changed = counter === null ? null : await followScope(client, tenantId, {seeds, encoded, counter});
    return {loaded, fresh, decision, encoded, busyMs, counter, changed};
  });
  return publish(deps, tenantId, {...prepared, access: request.access, submissions});
}

const decide = (
  deps: FlushDeps,
  tenantId: TenantId,
  {loaded, fresh}: {loaded: Loaded; fresh: readonly Submission[]},
): GroupDecision =>
  decideGroup({
    submissions: fresh,
    recordOf: (submission) => need(loaded.working.get(recordName(submission.change))),
    memberOf: (submission) => loaded.access.members.get(writerName(writerOf(submission))) ?? undefined,
    isGranted: (userId, key) => isGranted(loaded.access, userId, key),
    readCursor: deps.readCursor(tenantId),
    ownerOf: ({owner}) => need(loaded.working.get(recordName(owner))),
    storage: loaded.storage,
    isOpen: (quarantineId) => loaded.open.has(quarantineId),
  });

/** Null where nothing had to be written. What was decided, refusals too, holds for the roles of the moment only. */
async function write(
  client: pg.PoolClient,
  tenantId: TenantId,
  {encoded, loaded, fresh}: {encoded: EncodedGroup; loaded: Loaded; fresh: readonly Submission[]},
): Promise<GroupCommitted | null> {
  const versions = versionsOf(loaded);
  const {audit, results, quarantined} = encoded.write;
  if (audit.length + results.length + quarantined.length > 0) {
    const counter = await writeGroup(client, {tenantId, ...versions, expected: []}, encoded.write);
    if (counter === null) throw new AccessChanged();
    return counter;
  }
  const now = fresh.length === 0 ? null : await readAccess(client, tenantId, []);
  const {accessVersion, scopeVersion} = versions;
  const isSame =
    now === null ||
    (now.accessVersion === accessVersion && now.scopeVersion === (scopeVersion ?? now.scopeVersion));
  if (!isSame) throw new AccessChanged();
  return null;
}

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('A record of the group was not loaded.');
  return value;
}

/** Begins a new generation for changed records whose history outweighs what they say. */
function compactGrown(deps: FlushDeps, loaded: Loaded): void {
  for (const working of loaded.working.values()) {
    if (working.place === 0 || grownBytes(working) < COMPACT_BYTES_MIN) continue;
    compactRecord(working.record, deps.serverClientId);
    working.deltas.length = 0;
  }
}

/** An estimate of the history in a document: structs beyond those that show something. Cheap enough for every commit. */
function grownBytes({record}: WorkingRecord): number {
  // Not built for this: what is as short as that has no history to speak of.
  if (record.plain !== null && record.plain.bytes.length < COMPACT_BYTES_MIN) return 0;
  let structs = 0;
  for (const list of record.doc.store.clients.values()) structs += list.length;
  return Math.max(0, structs - record.writes.size * 4) * STRUCT_BYTES;
}

// A struct of a document: ids, origin, a short value.
const STRUCT_BYTES = 12;

function encode(
  cipher: TenantCipher,
  {
    loaded,
    decision,
    fresh,
    quarantined,
  }: {
    loaded: Loaded;
    decision: GroupDecision;
    fresh: readonly Submission[];
    quarantined: readonly QuarantineWrite[];
  },
): EncodedGroup {
  const encoded = encodeGroup(cipher, {
    decision,
    quarantined,
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

interface Prepared {
  readonly submissions: readonly Submission[];
  readonly loaded: Loaded;
  readonly fresh: readonly Submission[];
  readonly decision: GroupDecision;
  readonly encoded: EncodedGroup;
  readonly busyMs: number;
  readonly counter: GroupCommitted | null;
  /** Null where nobody's scope changed. */
  readonly changed: CommittedAccess | null;
  readonly access: LaneAccess;
}

/** After COMMIT: settles positions, swaps the cache, and makes receipts. */
function publish(deps: FlushDeps, tenantId: TenantId, prepared: Prepared): Flushed {
  const {loaded, counter, encoded, submissions, fresh, decision, changed} = prepared;
  if (changed !== null) followOwnEvents(prepared.access, changed);
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
          current: current.get(recordName(submission.change)) ?? null,
        })
      : repeatReceipt(submission, repeat);
  });
  const isLogged = encoded.write.audit.length > 0;
  return {
    receipts,
    committed: counter === null || !isLogged ? null : committedOf(tenantId, {...prepared, counter}),
    busyMs: prepared.busyMs,
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
  {loaded, encoded, counter, changed}: Prepared & {counter: GroupCommitted},
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
    to: base + encoded.write.audit.length + (changed?.events.length ?? 0),
    at,
    records,
    access: changed?.events ?? [],
    conflicts: encoded.conflicts.map(({place, ...conflict}) => ({...conflict, seq: base + place})),
  };
}

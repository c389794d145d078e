// The real lane behind the interface of the histories: every change is a commit on Postgres, and what is read is
// what was stored. A restart drops everything kept in memory.
import {isDeepStrictEqual} from 'node:util';
import type pg from 'pg';
import * as Y from 'yjs';
import {untouched, type Change, type ConflictSide, type NewConflict} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import type {Keyring} from '#db/cipher.ts';
import {takeServerReplica} from '#db/replicas.ts';
import {createTenantKeys} from '#db/tenant-keys.ts';
import {derivedUuid} from '#server/sync/devices.ts';
import {createFeed} from '#server/sync/feed.ts';
import {createLanes, type Lanes} from '#server/sync/lane.ts';
import type {Member} from '#server/sync/members.ts';
import {createRecordCache} from '#server/sync/record-cache.ts';
import type {Committed, Receipt, Submission} from '#server/sync/submission.ts';
import type {Delivery, FeedEntry, ModelServer, Reply} from './server.ts';
import {createStoredRecord} from './stored-record.ts';

export interface LaneServerSettings {
  readonly pool: pg.Pool;
  readonly keyring: Keyring;
  readonly entity: EntityName;
  readonly recordId: string;
  /** By the device's name in the history. */
  readonly members: ReadonlyMap<string, Member>;
}

const CACHE_BYTES = 2 ** 24;

/** It compacts when it sees fit, not when it is told. */
export async function createLaneServer(settings: LaneServerSettings): Promise<ModelServer> {
  const {pool, keyring, entity, recordId, members} = settings;
  const keys = createTenantKeys({pool, keyring});
  const cipherOf: typeof keys.cipherOf = (tenantId) => keys.cipherOf(tenantId);
  const feed = createFeed({pool, cipherOf});
  const [reader] = [...members.values()];
  if (reader === undefined) throw new Error('nobody is there');
  const commits: Committed[] = [];
  const results = new Map<string, {receipt: Receipt; reply: Reply}>();

  const openLanes = async (): Promise<Lanes> =>
    createLanes({
      pool,
      cipherOf,
      cache: createRecordCache(CACHE_BYTES),
      serverClientId: SERVER_CLIENT_ID_MIN + (await takeServerReplica(pool)),
      readCursor: () => (text) => (/^c\d+$/.test(text) ? Number(text.slice(1)) : null),
      onCommitted: (committed) => void commits.push(committed),
      onUncertain: () => undefined,
      onFault: ({error}) => {
        throw error;
      },
      onFlush: () => undefined,
    });
  let lanes = await openLanes();

  const toSubmission = ({actor, offset, now, change}: Delivery): Submission => {
    const {tenantId, userId, deviceId} = memberOf(members, actor.deviceId);
    // In the histories names are words.
    const changeId = change.kind === 'json' ? derivedUuid('model', recordId, change.changeId) : null;
    const made = toChange(change, {entity, id: recordId});
    const named = made.kind === 'json' && changeId !== null ? {...made, changeId} : made;
    return {tenantId, userId, deviceId, now, offset, changeId, change: named};
  };

  const submit = async (delivery: Delivery): Promise<Reply> => {
    const submission = toSubmission(delivery);
    const receipt = await lanes.submit(submission);
    const {changeId} = submission;
    const first = changeId === null ? undefined : results.get(changeId);
    if (first !== undefined && receipt.kind !== 'rejected') return repeated(first, receipt);
    const reply = replyOf(receipt, {committed: commits.at(-1), members});
    if (changeId !== null) results.set(changeId, {receipt, reply});
    return reply;
  };

  return {
    submit,
    commit: () => Promise.resolve(),
    feed: (after) => Promise.resolve(commits.map(entryOf).filter(({seq}) => seq > after)),
    ...createStoredRecord({feed, reader, entity, id: recordId}),
    async restart() {
      await lanes.idle();
      lanes = await openLanes();
    },
    compact: () => Promise.resolve(),
  };
}

function memberOf(members: ReadonlyMap<string, Member>, device: string): Member {
  const member = members.get(device);
  if (member === undefined) throw new Error(`${device} is nobody's`);
  return member;
}

function toChange(change: Delivery['change'], key: {entity: EntityName; id: string}): Change {
  if (change.kind === 'json') return {...key, ...change};
  const {bytes, generation, ownClients} = change;
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) throw new Error(`the parser refused an honest update: ${parsed.message}`);
  return {...key, kind: 'update', generation, ownClients, update: parsed.update};
}

/** The same change once more: told as the first time, but that it is known. */
function repeated(first: {receipt: Receipt; reply: Reply}, receipt: Receipt): Reply {
  const {kind, ...told} = first.receipt;
  const {kind: again, ...toldAgain} = receipt;
  if (kind !== 'rejected' && again !== 'unchanged') throw new Error(`a repeated change was ${again}`);
  if (!isDeepStrictEqual(noticesOf(told), noticesOf(toldAgain))) {
    throw new Error(`a repeat was told ${JSON.stringify(toldAgain)}, first ${JSON.stringify(told)}`);
  }
  return first.reply;
}

const noticesOf = (told: object): unknown => {
  const {seq, conflicts, refused} = told as {seq?: unknown; conflicts?: unknown; refused?: unknown};
  return [seq, conflicts, refused];
};

/** One submission is one group, so that the latest commit is this change's. */
function replyOf(
  receipt: Receipt,
  {committed, members}: {committed: Committed | undefined; members: ReadonlyMap<string, Member>},
): Reply {
  if (receipt.kind === 'need' || receipt.kind === 'reset') return {outcome: {kind: receipt.kind}, seq: null};
  const {kind: status, seq, refused} = receipt;
  const own = seq !== null && committed?.to === seq ? committed : undefined;
  if (seq !== null && own === undefined) throw new Error('a receipt without its commit');
  const names = new Map([...members].map(([name, {deviceId}]) => [deviceId as string, name]));
  const named = (side: ConflictSide): ConflictSide => ({
    ...side,
    device: names.get(side.device) ?? side.device,
  });
  const conflicts: NewConflict[] = (own?.conflicts ?? []).map(({key, entries}) => ({
    key,
    entries: entries.map((entry) => ({...entry, winner: named(entry.winner), loser: named(entry.loser)})),
  }));
  const error = receipt.kind === 'rejected' ? receipt.error : undefined;
  const base = untouched(status === 'applied' ? 'unchanged' : status, error);
  if (base.kind !== 'done') throw new Error('not an outcome');
  const delta = own === undefined ? null : entryOf(own).delta;
  return {outcome: {...base, status, refused, conflicts, delta, changed: seq !== null}, seq};
}

function entryOf({to, records}: Committed): FeedEntry {
  const [record] = records;
  const deltas = record?.deltas ?? [];
  return {
    seq: to,
    generation: record?.generation ?? 0,
    delta: deltas.length === 0 ? null : Y.mergeUpdates([...deltas]),
  };
}

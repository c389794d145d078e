// Changes that came for a record outside their author's scope: a manager lists them, and lets each in as its author's
// or discards it.
import type {ValuesChange} from '#crdt/change.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {
  ApplyResponse,
  DiscardRequest,
  KeptChangeJson,
  QuarantineQuery,
} from '#crdt/protocol/quarantine.ts';
import type {RecordState} from '#crdt/record.ts';
import {appendAudit} from '#db/audit.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {findQuarantined, listQuarantined, saveDiscarded, type QuarantineRow} from '#db/quarantine.ts';
import {readNamedRecords, recordName, type RecordKey} from '#db/records.ts';
import {withTenant} from '#db/transaction.ts';
import {derivedUuid} from './devices.ts';
import {pageOf, readPlace, type ListPage} from './list-place.ts';
import type {Member} from './members.ts';
import {openWithMemory} from './open-record.ts';
import {keptChangeJson, keptOf, sealNote, writtenIn} from './quarantine-json.ts';
import type {KeptChange} from './quarantine-write.ts';
import {requireManager, requireManagerInside} from './require-manager.ts';
import type {Service} from './service.ts';
import type {Receipt, Submission} from './submission.ts';

type QuarantineDeps = Pick<Service, 'pool' | 'tenantKeys' | 'lanes' | 'fanOut'>;

/** In the order in which they came. Throws SyncError `forbidden` for employees, `bad_cursor`. */
export async function listKept(
  deps: QuarantineDeps,
  member: Member,
  {status, cursor, limit}: QuarantineQuery,
): Promise<ListPage<KeptChangeJson>> {
  requireManager(member);
  const after = readPlace(cursor);
  const rows = await withTenant(deps.pool, member.tenantId, (client) =>
    listQuarantined(client, member.tenantId, {after, status, limit: limit + 1}),
  );
  const {cipher, recordOf} = await readBeside(deps, member, rows.slice(0, limit));
  return pageOf(rows, {
    limit,
    cursor,
    placeOf: ({arrivedAt, id}) => ({createdAt: arrivedAt, id}),
    toItem: (row) => keptChangeJson(cipher, row, recordOf(row)),
  });
}

/** Throws SyncError `forbidden`, `not_found`. */
export async function readKept(deps: QuarantineDeps, member: Member, id: string): Promise<KeptChangeJson> {
  requireManager(member);
  return toJson(deps, member, await findRow(deps, member, id));
}

/**
 * Lets a kept change in as its author's, at the time and by the clock it came with; the roles' rules for fields hold.
 * It is marked as applied in the commit that applies it. Throws SyncError `forbidden`, `not_found`, `already_decided`
 * with the change as `current`, `not_mergeable`, or the code that the change itself is refused with; then it still
 * waits.
 */
export async function applyKept(deps: QuarantineDeps, member: Member, id: string): Promise<ApplyResponse> {
  requireManager(member);
  const row = await findRow(deps, member, id);
  if (row.status !== 'open') throw await alreadyDecided(deps, member, row);
  const kept = keptOf(await deps.tenantKeys.cipherOf(member.tenantId), row);
  const first = await deps.lanes.submit(submissionOf(member, {row, kept, change: late(kept)}));
  const receipt = isOutdated(first)
    ? await deps.lanes.submit(submissionOf(member, {row, kept, change: valuesOf(row, kept)}))
    : first;
  if (receipt.kind === 'rejected') throw await refusalOf(deps, member, {row, error: receipt.error});
  if (isOutdated(receipt)) throw new SyncError('internal');
  return {...(await readKept(deps, member, id)), conflicts: receipt.conflicts.map(mutable)};
}

const mutable = ({id, fields}: {id: string; fields: readonly string[]}) => ({id, fields: [...fields]});

type Outdated = Extract<Receipt, {kind: 'need' | 'reset'}>;
/** The update does not build on the document as it is now. */
const isOutdated = (receipt: Receipt): receipt is Outdated =>
  receipt.kind === 'need' || receipt.kind === 'reset';

function submissionOf(
  {tenantId, userId, deviceId}: Member,
  {row, kept, change}: {row: QuarantineRow; kept: KeptChange; change: Submission['change']},
): Submission {
  const {id, employeeId} = row;
  return {
    tenantId,
    userId: row.userId,
    deviceId: row.deviceId,
    change,
    now: kept.now,
    offset: kept.offset,
    // By this the lane knows its own commit again whose outcome it never heard.
    changeId: changeIdOf(row),
    approval: {by: {userId, deviceId}, employeeId, quarantineId: id},
  };
}

const changeIdOf = ({id}: QuarantineRow): string => derivedUuid('quarantine', id);

/** An edit made on the current state: current when it was made, not when it is let in. */
const late = ({change}: KeptChange): KeptChange['change'] =>
  change.kind === 'json' && change.base.kind === 'current'
    ? {...change, base: {kind: 'cursor', seq: 0}}
    : change;

function valuesOf(row: QuarantineRow, kept: KeptChange): ValuesChange {
  const written = writtenIn(kept);
  if (written === null || written.unread > 0) throw new SyncError('not_mergeable');
  const {entity, recordId: id} = row;
  return {
    kind: 'values',
    entity,
    id,
    changeId: changeIdOf(row),
    values: written.values.map(({at, ...value}) => ({...value, at: at ?? kept.now - kept.offset})),
    texts: written.texts.flatMap(({field, text}) => (text === '' ? [] : [{field, text}])),
  };
}

async function refusalOf(
  deps: QuarantineDeps,
  member: Member,
  {row, error}: {row: QuarantineRow; error: Extract<Receipt, {kind: 'rejected'}>['error']},
): Promise<SyncError> {
  const {code, message, fields, current} = error;
  if (code === 'already_decided') return alreadyDecided(deps, member, await findRow(deps, member, row.id));
  const details = {
    ...(fields === undefined ? {} : {fields}),
    ...(current === undefined ? {} : {current}),
  };
  return new SyncError(code, {message, details});
}

/** Leaves the record as it is. Throws SyncError `forbidden`, `not_found`, `already_decided` with it as `current`. */
export async function discardKept(
  deps: QuarantineDeps,
  member: Member,
  {id, request: {note}}: {id: string; request: DiscardRequest},
): Promise<KeptChangeJson> {
  requireManager(member);
  const {tenantId, userId, deviceId} = member;
  const cipher = await deps.tenantKeys.cipherOf(tenantId);
  const {row, lastSeq} = await withTenant(deps.pool, tenantId, async (client) => {
    await requireManagerInside(client, member);
    const found = await findQuarantined(client, tenantId, {id, lock: true});
    if (found === undefined) throw new SyncError('not_found');
    if (found.status !== 'open') return {row: found, lastSeq: null};
    const logged = await appendAudit(client, tenantId, [
      {
        action: 'quarantine.discarded',
        entity: found.entity,
        recordId: found.recordId,
        userId,
        deviceId,
        summary: 'Discarded a kept change.',
        detail: note === undefined ? null : sealNote(cipher, found, note),
      },
    ]);
    await saveDiscarded(client, tenantId, {id, at: logged.at, by: userId, seq: logged.lastSeq});
    return {row: found, lastSeq: logged.lastSeq};
  });
  if (lastSeq === null) throw await alreadyDecided(deps, member, row);
  deps.fanOut.hinted(tenantId, lastSeq);
  return readKept(deps, member, id);
}

async function findRow({pool}: QuarantineDeps, {tenantId}: Member, id: string): Promise<QuarantineRow> {
  const row = await withTenant(pool, tenantId, (client) =>
    findQuarantined(client, tenantId, {id, lock: false}),
  );
  if (row === undefined) throw new SyncError('not_found');
  return row;
}

const alreadyDecided = async (deps: QuarantineDeps, member: Member, row: QuarantineRow): Promise<SyncError> =>
  new SyncError('already_decided', {details: {current: await toJson(deps, member, row)}});

async function toJson(deps: QuarantineDeps, member: Member, row: QuarantineRow): Promise<KeptChangeJson> {
  const {cipher, recordOf} = await readBeside(deps, member, [row]);
  return keptChangeJson(cipher, row, recordOf(row));
}

interface Beside {
  readonly cipher: TenantCipher;
  /** As committed; undefined where there is none. */
  readonly recordOf: (row: QuarantineRow) => RecordState | undefined;
}

async function readBeside(
  {pool, tenantKeys}: QuarantineDeps,
  {tenantId}: Member,
  rows: readonly QuarantineRow[],
): Promise<Beside> {
  const cipher = await tenantKeys.cipherOf(tenantId);
  const keyOf = ({entity, recordId}: QuarantineRow): RecordKey => ({entity, id: recordId});
  const keys = new Map(rows.map(keyOf).map((key) => [recordName(key), key]));
  const stored = await withTenant(pool, tenantId, (client) =>
    readNamedRecords(client, tenantId, [...keys.values()]),
  );
  const records = new Map(stored.map((one) => [recordName(one), openWithMemory(cipher, one).record]));
  return {cipher, recordOf: (row) => records.get(recordName(keyOf(row)))};
}

// Records as the API writes them: each request is one JSON change of the caller's device on the current state, through the
// lane like any other. What the record must be for that is checked there, when the change is decided.
import {randomUUID} from 'node:crypto';
import type {JsonChange} from '#crdt/change.ts';
import type {EntityName} from '#crdt/entities/entity.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {recordId as recordIdSchema} from '#crdt/protocol/ids.ts';
import {canSee} from './can-see.ts';
import {derivedUuid} from './devices.ts';
import type {Member} from './members.ts';
import {readRecord, type RecordText} from './records.ts';
import type {Service} from './service.ts';
import type {Precondition, Receipt} from './submission.ts';

type WriteDeps = Pick<Service, 'lanes' | 'feed' | 'now'>;

type Accepted = Extract<Receipt, {kind: 'applied' | 'unchanged'}>;

export interface WrittenRecord extends RecordText {
  readonly id: string;
  /** JSON of the record, with `conflicts` and `refused` where there are any. */
  readonly text: string;
}

interface RecordKey {
  readonly entity: EntityName;
  readonly id: string;
}

/** key: of the request; a repeat under the same key is answered like the first and done once. */
interface Keyed {
  readonly key: string | undefined;
}

/** Of the record as it must be: any that exists, or one of these feed positions. */
export type Matching = 'any' | readonly number[] | undefined;

/**
 * Throws SyncError `already_exists`, `bad_request` for an `id` that is none, and what the lane refuses a change with.
 */
export async function createRecord(
  deps: WriteDeps,
  member: Member,
  {entity, body, key}: Keyed & {entity: EntityName; body: Readonly<Record<string, unknown>>},
): Promise<WrittenRecord> {
  const {id: given, ...payload} = body;
  const id = given === undefined ? newId(member, {entity, key}) : readId(given);
  return write(deps, member, {entity, id, op: 'create', key, payload, precondition: {kind: 'absent'}});
}

/** Under one key the same id, so that a repeat finds the record it made. */
const newId = ({tenantId, deviceId}: Member, {entity, key}: Keyed & {entity: EntityName}): string =>
  key === undefined ? randomUUID() : derivedUuid('record', tenantId, deviceId, entity, key);

function readId(given: unknown): string {
  const read = recordIdSchema.safeParse(given);
  if (!read.success) throw new SyncError('bad_request', {details: {fields: {id: 'must be a UUID'}}});
  return read.data;
}

/**
 * Fields left out stay as they are; a deleted record stays deleted, unless the body says `deletedAt: null`. Throws
 * SyncError `not_found`, `precondition_failed` with the record as it is in `current`, and what the lane refuses.
 */
export const patchRecord = (
  deps: WriteDeps,
  member: Member,
  {
    matching,
    body,
    ...rest
  }: RecordKey & Keyed & {matching: Matching; body: Readonly<Record<string, unknown>>},
): Promise<WrittenRecord> =>
  write(deps, member, {...rest, op: 'patch', payload: body, precondition: present(matching)});

/** A record that is not deleted stays as it is. Throws as patchRecord. */
export const restoreRecord = (
  deps: WriteDeps,
  member: Member,
  {matching, ...rest}: RecordKey & Keyed & {matching: Matching},
): Promise<WrittenRecord> =>
  write(deps, member, {
    ...rest,
    op: 'restore',
    payload: {deletedAt: null},
    precondition: present(matching),
  });

/** A record that is deleted stays as it is. Throws as patchRecord. */
export async function deleteRecord(
  deps: WriteDeps,
  member: Member,
  {matching, ...rest}: RecordKey & Keyed & {matching: Matching},
): Promise<void> {
  await submit(deps, member, {...rest, op: 'delete', payload: {}, precondition: present(matching)});
}

const present = (matching: Matching): Precondition => ({
  kind: 'present',
  ...(matching === undefined || matching === 'any' ? {} : {seqs: matching}),
});

interface Request extends RecordKey, Keyed {
  readonly op: 'create' | 'patch' | 'restore' | 'delete';
  readonly payload: Readonly<Record<string, unknown>>;
  readonly precondition: Precondition;
}

async function write(deps: WriteDeps, member: Member, request: Request): Promise<WrittenRecord> {
  const receipt = await submit(deps, member, request);
  // As committed, and as the ETag says: another change may have come in between.
  const {seq, text} = await readRecord(deps, member, request);
  return {id: request.id, seq, text: withNotes(text, receipt)};
}

function withNotes(text: string, {conflicts, refused}: Accepted): string {
  if (conflicts.length + refused.length === 0) return text;
  const notes = {
    ...(conflicts.length === 0 ? {} : {conflicts}),
    ...(refused.length === 0 ? {} : {refused}),
  };
  return `${text.slice(0, -1)},${JSON.stringify(notes).slice(1)}`;
}

async function submit(deps: WriteDeps, member: Member, request: Request): Promise<Accepted> {
  const {lanes, now} = deps;
  const {entity, id, op, key, payload, precondition} = request;
  if (!canSee(member, entity)) throw new SyncError('not_found');
  const {tenantId, userId, deviceId} = member;
  const at = now();
  // A key reused for another kind of request is another change: the answer to a patch must not pass for a delete.
  const changeId = key === undefined ? randomUUID() : derivedUuid('request', op, key);
  const change: JsonChange = {
    kind: 'json',
    op: op === 'delete' ? 'delete' : 'upsert',
    entity,
    id,
    changeId,
    at,
    base: {kind: 'current'},
    payload,
  };
  const receipt = await lanes.submit({
    tenantId,
    userId,
    deviceId,
    change,
    now: at,
    offset: 0,
    // Always named: after a commit of unknown outcome the lane tries again, and must not take its own for another's.
    changeId,
    precondition,
  });
  if (isAccepted(receipt)) return receipt;
  throw await refusalOf(deps, member, {receipt, request});
}

const isAccepted = (receipt: Receipt): receipt is Accepted =>
  receipt.kind === 'applied' || receipt.kind === 'unchanged';

async function refusalOf(
  deps: WriteDeps,
  member: Member,
  {receipt, request}: {receipt: Exclude<Receipt, Accepted>; request: Request},
): Promise<SyncError> {
  if (receipt.kind !== 'rejected') return new SyncError('internal');
  const {code, message, fields, current} = receipt.error;
  const details = {
    ...(fields === undefined ? {} : {fields}),
    ...(current === undefined ? {} : {current}),
  };
  if (code !== 'precondition_failed') return new SyncError(code, {message, details});
  const {text} = await readRecord(deps, member, request);
  return new SyncError(code, {message, details: {current: JSON.parse(text) as unknown}});
}

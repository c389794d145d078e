// Files beside records: who may add, read and remove them, and when an upload counts. Their records are the server's own
// writes through the lane, so devices learn of them in the feed. The bytes never pass through here but to be checked.
import {createHash, randomUUID} from 'node:crypto';
import type {ServerChange} from '#crdt/change.ts';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonObject} from '#crdt/json.ts';
import type {PresignUploadRequest} from '#crdt/protocol/attachments.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {STORAGE_BYTES_MAX, STORAGE_FILES_MAX} from '#crdt/protocol/limits.ts';
import {sumAttachments} from '#db/attachments.ts';
import {withTenant} from '#db/transaction.ts';
import {
  nameOfKey,
  type FileFacts,
  type FileKey,
  type FileStore,
  type SignedUrl,
} from '../files/file-store.ts';
import {looksLike, MAGIC_BYTES} from '../files/magic-number.ts';
import {payloadOf} from './feed.ts';
import type {Member} from './members.ts';
import type {Service} from './service.ts';
import type {Precondition} from './submission.ts';

export type AttachmentDeps = Pick<Service, 'pool' | 'feed' | 'lanes' | 'files' | 'now'>;

/** The fields that decide here, as the record has them. */
interface Attachment {
  readonly id: string;
  readonly seq: number;
  readonly ownerType: PresignUploadRequest['ownerType'];
  readonly ownerId: string;
  readonly status: 'pending' | 'uploaded' | 'failed' | 'deleted';
  readonly mimeType: string;
  readonly sizeBytes: number;
  readonly sha256: string | null;
  readonly fileName: string;
  /** Where the file is kept; null while none is. */
  readonly key: string | null;
}

type Owner = Pick<Attachment, 'ownerType' | 'ownerId'>;

/** How often a step is decided again because somebody else changed the attachment meanwhile. */
const ATTEMPTS_MAX = 4;

/**
 * Announces an upload, or announces it again while it has not arrived. Throws SyncError `not_found` for an owner or
 * attachment that the member does not see, `forbidden`, `attachment_settled` or `storage_full`.
 */
export async function presignUpload(
  deps: AttachmentDeps,
  member: Member,
  {request, origin}: {request: PresignUploadRequest; origin: string},
): Promise<SignedUrl & {id: string}> {
  const {id = randomUUID(), ...terms} = request;
  const {tenantId} = member;
  await requireOwner(deps, member, terms, {mustLive: true});
  await again(async () => {
    const known = await find(deps, member, id);
    const isOther =
      known !== undefined && (known.ownerType !== terms.ownerType || known.ownerId !== terms.ownerId);
    if (isOther || known?.status === 'uploaded' || known?.status === 'deleted')
      throw new SyncError('attachment_settled');
    await requireRoom(deps, member, {id, sizeBytes: terms.sizeBytes});
    const fields = {
      ...terms,
      sha256: terms.sha256 ?? null,
      key: null,
      status: 'pending',
    };
    await write(deps, member, {id, fields, seq: known?.seq});
  });
  const {mimeType, sizeBytes} = terms;
  return {id, ...(await deps.files.signUpload({tenantId, id}, {mimeType, sizeBytes, origin}))};
}

/**
 * Checks what arrived and lets everybody see it; once more does nothing. Throws SyncError `not_found`, `forbidden`,
 * `nothing_uploaded`, `attachment_settled` or `attachment_mismatch`.
 */
export async function completeUpload(deps: AttachmentDeps, member: Member, id: string): Promise<void> {
  const {tenantId} = member;
  const waiting = {tenantId, id};
  await again(async () => {
    const attachment = await require(deps, member, id);
    await requireOwner(deps, member, attachment, {mustLive: false});
    if (attachment.status === 'uploaded') return;
    if (attachment.status !== 'pending') throw new SyncError('attachment_settled');
    // Its own in every attempt: of several at once each checks, and names, what nobody else can touch.
    const kept = {tenantId, id: randomUUID()};
    const facts = await deps.files.accept(waiting, kept.id);
    if (facts === undefined) throw await missing(deps, member, attachment);
    const faults = await faultsOf(deps.files, kept, {facts, attachment});
    if (faults !== null) return refuse(deps, member, {attachment, waiting, kept, faults});
    const fields = {status: 'uploaded', key: nameOfKey(kept)};
    try {
      await write(deps, member, {id, seq: attachment.seq, fields});
    } catch (error) {
      // Only where it is certain that nothing names it. What else is left over, the sweep finds.
      if (isMoved(error)) await deps.files.remove('kept', kept);
      throw error;
    }
    await deps.files.remove('waiting', waiting);
  });
}

/** Nothing waits: it never came, or somebody else has just completed it. */
async function missing(deps: AttachmentDeps, member: Member, {id, seq}: Attachment): Promise<SyncError> {
  const now = await require(deps, member, id);
  return new SyncError(now.seq === seq ? 'nothing_uploaded' : 'precondition_failed');
}

/** What came counts no more, and then it goes. */
async function refuse(
  deps: AttachmentDeps,
  member: Member,
  {
    attachment: {id, seq},
    waiting,
    kept,
    faults,
  }: {attachment: Attachment; waiting: FileKey; kept: FileKey; faults: Record<string, string>},
): Promise<never> {
  await deps.files.remove('kept', kept);
  await write(deps, member, {id, seq, fields: {status: 'failed'}});
  await deps.files.remove('waiting', waiting);
  throw new SyncError('attachment_mismatch', {details: {fields: faults}});
}

/** Throws SyncError `not_found`, or `nothing_uploaded` for one that is not there. */
export async function presignDownload(
  deps: AttachmentDeps,
  member: Member,
  {id, origin}: {id: string; origin: string},
): Promise<SignedUrl> {
  const attachment = await require(deps, member, id);
  const {status, mimeType, fileName} = attachment;
  const key = keptOf(member, attachment);
  if (status !== 'uploaded' || key === null) throw new SyncError('nothing_uploaded');
  return deps.files.signDownload(key, {mimeType, fileName, origin});
}

/** The record stays, as deleted; the file goes. Throws SyncError `not_found` or `forbidden`. */
export async function deleteAttachment(deps: AttachmentDeps, member: Member, id: string): Promise<void> {
  await again(async () => {
    const attachment = await require(deps, member, id);
    await requireOwner(deps, member, attachment, {mustLive: false});
    await write(deps, member, {id, seq: attachment.seq, fields: {status: 'deleted', key: null}});
    const key = keptOf(member, attachment);
    if (key !== null) await deps.files.remove('kept', key);
  });
  await deps.files.remove('waiting', {tenantId: member.tenantId, id});
}

async function find({feed}: AttachmentDeps, member: Member, id: string): Promise<Attachment | undefined> {
  const item = await feed.readOne(member, {entity: 'attachments', id});
  return item === undefined ? undefined : (JSON.parse(payloadOf(item)) as Attachment);
}

async function require(deps: AttachmentDeps, member: Member, id: string): Promise<Attachment> {
  const attachment = await find(deps, member, id);
  if (attachment === undefined) throw new SyncError('not_found');
  return attachment;
}

/** Where the file of an attachment is kept; null while none is. Of the tenant only, whatever the record says. */
function keptOf({tenantId}: Pick<Member, 'tenantId'>, {key}: Pick<Attachment, 'key'>): FileKey | null {
  const id = key?.split('/').at(-1);
  return id === undefined ? null : {tenantId, id};
}

/** Whoever may write some field of the owner may add to it, and take away. */
async function requireOwner(
  {feed}: AttachmentDeps,
  member: Member,
  {ownerType, ownerId}: Owner,
  {mustLive}: {mustLive: boolean},
): Promise<void> {
  const owner = await feed.readOne(member, {entity: ownerType, id: ownerId});
  if (owner === undefined || (mustLive && owner.deleted))
    throw new SyncError('not_found', {details: {fields: {ownerId: 'names no record of this caller'}}});
  if (member.role === 'manager') return;
  const {writes, mayWrite = () => true} = entities[ownerType].employee;
  const before = JSON.parse(payloadOf(owner)) as JsonObject;
  if (!writes.some((field) => mayWrite({field, value: before[field] ?? null, before, self: member})))
    throw new SyncError('forbidden');
}

async function requireRoom(
  {pool}: AttachmentDeps,
  {tenantId}: Member,
  {id, sizeBytes}: {id: string; sizeBytes: number},
): Promise<void> {
  const kept = await withTenant(pool, tenantId, (client) => sumAttachments(client, tenantId, id));
  if (kept.count >= STORAGE_FILES_MAX || kept.bytes + sizeBytes > STORAGE_BYTES_MAX)
    throw new SyncError('storage_full');
}

/** By field, what is not as announced; null if all is well. */
async function faultsOf(
  files: FileStore,
  key: FileKey,
  {facts, attachment: {sizeBytes, mimeType, sha256}}: {facts: FileFacts; attachment: Attachment},
): Promise<Record<string, string> | null> {
  if (facts.sizeBytes !== sizeBytes) return {sizeBytes: 'is not the length of what arrived'};
  if (facts.mimeType !== mimeType) return {mimeType: 'is not the type it was sent as'};
  if (!looksLike(mimeType, await files.readStart(key, MAGIC_BYTES)))
    return {mimeType: 'is not what the content begins as'};
  if (sha256 === null) return null;
  const hash = createHash('sha256');
  for await (const chunk of files.read(key)) hash.update(chunk);
  return hash.digest('hex') === sha256 ? null : {sha256: 'is not the digest of what arrived'};
}

/** seq: as it was read; undefined if there was none. Throws SyncError `precondition_failed` if that has changed. */
async function write(
  {lanes, now}: AttachmentDeps,
  {tenantId, userId, deviceId}: Member,
  {id, fields, seq}: {id: string; fields: JsonObject; seq: number | undefined},
): Promise<void> {
  const precondition: Precondition = seq === undefined ? {kind: 'absent'} : {kind: 'present', seqs: [seq]};
  const change: ServerChange = {
    kind: 'server',
    entity: 'attachments',
    id,
    fields,
    creates: seq === undefined,
  };
  const receipt = await lanes.submit({
    tenantId,
    userId,
    deviceId,
    change,
    now: now(),
    offset: 0,
    changeId: null,
    precondition,
  });
  if (receipt.kind === 'rejected') throw new SyncError(receipt.error.code);
}

/** Somebody else's step in between is looked at, and the step decided anew. */
async function again(step: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await step();
      return;
    } catch (error) {
      if (!isMoved(error)) throw error;
      // An id that exists, and that this caller does not see.
      if (error.code === 'already_exists' && attempt > 1) throw new SyncError('not_found');
      if (attempt === ATTEMPTS_MAX) throw new SyncError('overloaded');
    }
  }
}

/** Somebody else was faster: nothing was written. */
const isMoved = (error: unknown): error is SyncError =>
  error instanceof SyncError && ['precondition_failed', 'already_exists'].includes(error.code);

// Files beside records: who may add, read and remove them, and when an upload counts. Their records are the server's own
// writes through the lane, so devices learn of them in the feed. The bytes never pass through here but to be checked.
import {createHash, randomUUID} from 'node:crypto';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonObject} from '#crdt/json.ts';
import type {PresignUploadRequest} from '#crdt/protocol/attachments.ts';
import {SyncError, type ErrorCode} from '#crdt/protocol/error-code.ts';
import {
  keyOfName,
  nameOfKey,
  type FileFacts,
  type FileKey,
  type FileStore,
  type SignedUrl,
} from '../files/file-store.ts';
import {looksLike, MAGIC_BYTES} from '../files/magic-number.ts';
import {mayAttach} from './attaching.ts';
import {payloadOf} from './feed.ts';
import type {Member} from './members.ts';
import {writeAsServer} from './server-write.ts';
import type {Service} from './service.ts';
import type {Attaching, Precondition} from './submission.ts';

export type AttachmentDeps = Pick<Service, 'feed' | 'lanes' | 'files' | 'now'>;

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
  await requireOwner(deps, member, terms);
  await again(async () => {
    const known = await find(deps, member, id);
    const isOther =
      known !== undefined && (known.ownerType !== terms.ownerType || known.ownerId !== terms.ownerId);
    if (isOther || known?.status === 'uploaded' || known?.status === 'deleted')
      throw new SyncError('attachment_settled');
    const fields = {...terms, sha256: terms.sha256 ?? null, key: null, status: 'pending'};
    const owner = {entity: terms.ownerType, id: terms.ownerId};
    const attaching = {owner, announcedBytes: terms.sizeBytes};
    orThrow(await write(deps, member, {id, fields, seq: known?.seq, attaching}));
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
    await requireOwner(deps, member, attachment);
    if (attachment.status === 'uploaded') return;
    if (attachment.status !== 'pending') throw new SyncError('attachment_settled');
    // Its own in every attempt: of several at once each checks, and names, what nobody else can touch.
    const kept = {tenantId, id: randomUUID()};
    const facts = await deps.files.accept(waiting, kept.id);
    if (facts === undefined) throw await missing(deps, member, attachment);
    const faults = await faultsOf(deps.files, kept, {facts, attachment});
    if (faults !== null) return refuse(deps, member, {attachment, waiting, kept, faults});
    const refused = await update(deps, member, {
      attachment,
      fields: {status: 'uploaded', key: nameOfKey(kept)},
    });
    // A commit that was made again, because it was not known to have been made, is refused although it holds.
    if (refused !== null && !(await isNamed(deps, member, {id, kept}))) {
      await deps.files.remove('kept', kept);
      throw new SyncError(refused);
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
    attachment,
    waiting,
    kept,
    faults,
  }: {attachment: Attachment; waiting: FileKey; kept: FileKey; faults: Record<string, string>},
): Promise<never> {
  await deps.files.remove('kept', kept);
  orThrow(await update(deps, member, {attachment, fields: {status: 'failed'}}));
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
  const {key, mimeType, fileName} = attachment;
  if (key === null) throw new SyncError('nothing_uploaded');
  return deps.files.signDownload(keyOfName(member.tenantId, key), {mimeType, fileName, origin});
}

/** The record stays, as deleted; the file goes. Throws SyncError `not_found` or `forbidden`. */
export async function deleteAttachment(deps: AttachmentDeps, member: Member, id: string): Promise<void> {
  await again(async () => {
    const attachment = await require(deps, member, id);
    await requireOwner(deps, member, attachment);
    orThrow(await update(deps, member, {attachment, fields: {status: 'deleted', key: null}}));
    const {key} = attachment;
    if (key !== null) await deps.files.remove('kept', keyOfName(member.tenantId, key));
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

/** Asked again when the change is decided; this spares looking at files for who may not. */
async function requireOwner(
  {feed}: AttachmentDeps,
  member: Member,
  {ownerType, ownerId}: Owner,
): Promise<void> {
  const owner = await feed.readOne(member, {entity: ownerType, id: ownerId});
  if (owner === undefined) throw unknownOwner();
  const fields = JSON.parse(payloadOf(owner)) as JsonObject;
  if (!mayAttach(entities[ownerType], {fields, self: member})) throw new SyncError('forbidden');
}

const unknownOwner = () =>
  new SyncError('not_found', {details: {fields: {ownerId: 'names no record of this caller'}}});

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

/** Of an attachment that is there, as it was read. */
const update = (
  deps: AttachmentDeps,
  member: Member,
  {attachment, fields}: {attachment: Attachment; fields: JsonObject},
): Promise<ErrorCode | null> => {
  const {id, seq, ownerType, ownerId} = attachment;
  const attaching = {owner: {entity: ownerType, id: ownerId}, announcedBytes: null};
  return write(deps, member, {id, seq, fields, attaching});
};

/**
 * seq: as it was read; undefined if there was none. Answers why nothing was written: `precondition_failed` or
 * `already_exists` if that has changed; null if it was.
 */
async function write(
  deps: AttachmentDeps,
  {tenantId, userId, deviceId}: Member,
  {
    id,
    fields,
    seq,
    attaching,
  }: {id: string; fields: JsonObject; seq: number | undefined; attaching: Attaching},
): Promise<ErrorCode | null> {
  const precondition: Precondition = seq === undefined ? {kind: 'absent'} : {kind: 'present', seqs: [seq]};
  const receipt = await writeAsServer(
    deps,
    {tenantId, userId, deviceId, precondition, attaching},
    {entity: 'attachments', id, fields, creates: seq === undefined},
  );
  return receipt.kind === 'rejected' ? receipt.error.code : null;
}

function orThrow(refused: ErrorCode | null): void {
  if (refused !== null) throw new SyncError(refused);
}

/** Whether the attachment has this file, whatever its author may see by now. */
async function isNamed(
  deps: AttachmentDeps,
  member: Member,
  {id, kept}: {id: string; kept: FileKey},
): Promise<boolean> {
  const attachment = await find(deps, {...member, role: 'manager'}, id);
  return attachment?.key === nameOfKey(kept);
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

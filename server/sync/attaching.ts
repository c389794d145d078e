// Whether a file may be added to a record, or taken from it. Asked before a file is looked at, and again with the change
// about it, when the records are locked. Pure.
import type {Role} from '#crdt/change.ts';
import type {Entity} from '#crdt/entities/entity.ts';
import type {JsonObject} from '#crdt/json.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import {STORAGE_BYTES_MAX, STORAGE_FILES_MAX} from '#crdt/protocol/limits.ts';
import {deletedAtOf, fieldsOf, type RecordState} from '#crdt/record.ts';
import type {Attaching} from './submission.ts';

interface Writer {
  readonly userId: string;
  readonly role: Role;
  readonly employeeId: string | null;
}

/** What the attachments of a tenant add up to, of those that are uploaded or may still be. */
export interface Storage {
  readonly bytes: number;
  readonly count: number;
}

/** Whoever may write some field of a record that they see may add files to it, and take them away. */
export function mayAttach({employee}: Entity, {fields, self}: {fields: JsonObject; self: Writer}): boolean {
  if (self.role === 'manager') return true;
  const {writes, mayWrite = () => true} = employee;
  return writes.some((field) => mayWrite({field, value: fields[field] ?? null, before: fields, self}));
}

/** Why it may not be; null if it may. `storage`: with what the group has decided before; null where none is asked for. */
export function refuseAttaching(
  {announcedBytes}: Attaching,
  {
    owner,
    self,
    sees,
    attachment,
    storage,
  }: {
    owner: RecordState;
    self: Writer;
    sees: boolean;
    attachment: RecordState;
    storage: Storage | null;
  },
): ErrorCode | null {
  if (owner.created === null || !sees) return 'not_found';
  if (announcedBytes !== null && deletedAtOf(owner) !== null) return 'not_found';
  if (!mayAttach(owner.entity, {fields: fieldsOf(owner), self})) return 'forbidden';
  if (announcedBytes === null || storage === null) return null;
  const held = storageOf(attachment);
  const isFull =
    storage.count - held.count + 1 > STORAGE_FILES_MAX ||
    storage.bytes - held.bytes + announcedBytes > STORAGE_BYTES_MAX;
  return isFull ? 'storage_full' : null;
}

/** What one record takes of it. */
export function storageOf({entity, writes}: RecordState): Storage {
  const status = entity.name === 'attachments' ? writes.get('status')?.value : null;
  if (status !== 'pending' && status !== 'uploaded') return {bytes: 0, count: 0};
  return {bytes: Number(writes.get('sizeBytes')?.value ?? 0), count: 1};
}

// Overwrites as managers see and settle them: `GET /v1/conflicts` and `POST /v1/conflicts/:id/resolve`.
import {z} from 'zod';
import {isStorableString} from '../json.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, nextCursor, pageLimit, since} from './moments.ts';

const conflictStatus = z.enum(['open', 'kept', 'restored']);
export type ConflictStatus = z.output<typeof conflictStatus>;

export const conflictsQuery = z.object({
  since,
  status: conflictStatus.optional(),
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});
export type ConflictsQuery = z.output<typeof conflictsQuery>;

const conflictSide = z.object({
  /** The key written: a field, `field/member`, `field/item` or `deletedAt`. */
  field: z.string(),
  /** Null also for an edit of a text. */
  value: z.unknown(),
  /** Null: the server itself. */
  deviceId: z.string().nullable(),
  userId: z.string(),
  /** The device's own clock. */
  at: instantText,
  /** The stamp that winners are judged by. */
  effectiveAt: instantText,
  writeId: z.string(),
});

export const conflict = z.object({
  id: z.string(),
  seq: z.int(),
  entity: z.string(),
  entityId: z.string(),
  fields: z.array(
    z.object({
      /** The key of the loser. */
      field: z.string(),
      /** What both sides had seen; absent where that is not known. */
      base: z.unknown().optional(),
      winner: conflictSide,
      loser: conflictSide,
    }),
  ),
  summary: z.string(),
  status: conflictStatus,
  createdAt: instantText,
  resolvedAt: instantText.optional(),
  resolvedBy: z.string().optional(),
  note: z.string().optional(),
  /** Of the resolution in the audit log. */
  resolutionSeq: z.int().optional(),
});
export type Conflict = z.output<typeof conflict>;

export const conflictsResponse = z.object({items: z.array(conflict), nextCursor, hasMore: z.boolean()});
export type ConflictsResponse = z.output<typeof conflictsResponse>;

const NOTE_LENGTH_MAX = 2_000;

/** `fields`: only these keys are restored, to these values instead of the loser's. */
export const resolveRequest = z.strictObject({
  resolution: z.enum(['keep', 'restore']),
  fields: z.record(z.string(), z.unknown()).optional(),
  note: z
    .string()
    .max(NOTE_LENGTH_MAX, `must be at most ${NOTE_LENGTH_MAX} characters long`)
    .refine((text) => isStorableString(text), {message: 'must not contain NUL or broken Unicode'})
    .optional(),
});
export type ResolveRequest = z.output<typeof resolveRequest>;

// Overwrites as managers see and settle them: `GET /v1/conflicts` and `POST /v1/conflicts/:id/resolve`.
import {z} from 'zod';
import {uuidText} from './ids.ts';
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
  field: z.string().describe('The key written: a field, `field/member`, `field/item` or `deletedAt`.'),
  value: z.unknown().describe('Null also for an edit of a text.'),
  deviceId: uuidText.nullable().describe('Null: the server itself.'),
  userId: uuidText,
  at: instantText.describe("The device's own clock."),
  effectiveAt: instantText.describe('The stamp that winners are judged by.'),
  writeId: z.string(),
});

export const conflict = z.object({
  id: uuidText,
  seq: z.int(),
  entity: z.string(),
  entityId: uuidText,
  fields: z.array(
    z.object({
      field: z.string().describe('The key of the loser.'),
      base: z.unknown().optional().describe('What both sides had seen; absent where that is not known.'),
      winner: conflictSide,
      loser: conflictSide,
    }),
  ),
  summary: z.string(),
  status: conflictStatus,
  createdAt: instantText,
  resolvedAt: instantText.optional(),
  resolvedBy: uuidText.optional(),
  note: z.string().optional(),
  resolutionSeq: z.int().optional().describe('Of the resolution in the audit log.'),
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

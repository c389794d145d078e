// Changes that came for a record outside their author's scope, as managers see them and decide about them:
// `GET /v1/quarantine` and what is below it.
import {z} from 'zod';
import {isStorableString} from '../json.ts';
import {uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, listCursor, nextCursor, pageLimit} from './moments.ts';

/**
 * Of an `out_of_scope` whose author has as many changes waiting as one may: the only one after which the change is
 * nowhere but on the device.
 */
export const NOT_KEPT_MESSAGE =
  'The record left the scope of its writer. Too many changes of this member wait for a manager: this one was not kept.';

const quarantineStatus = z.enum(['open', 'applied', 'discarded']);
export type QuarantineStatus = z.output<typeof quarantineStatus>;

export const quarantineQuery = z.object({
  status: quarantineStatus.optional().describe('Absent: all.'),
  cursor: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});
export type QuarantineQuery = z.output<typeof quarantineQuery>;

export const keptChange = z.object({
  id: uuidText,
  entity: z.string(),
  entityId: uuidText,
  author: z.object({
    userId: uuidText,
    deviceId: uuidText,
    name: z.string().nullable(),
    employeeId: uuidText.nullable().describe('What they work as, or worked as before they were removed.'),
  }),
  arrivedAt: instantText,
  encoding: z.enum(['json', 'yjs']),
  changes: z
    .array(
      z.object({
        field: z
          .string()
          .describe('A field; of a Yjs update also `field/member`, `field/item` or `deletedAt`.'),
        value: z
          .unknown()
          .describe('What the change wrote; null clears. Of a text in a Yjs update what it adds.'),
        current: z.unknown().describe('What the record has there now.'),
        at: instantText.nullable().describe("The device's own clock; null where a Yjs update does not say."),
        text: z.boolean().optional().describe('Set for a text in a Yjs update.'),
      }),
    )
    .describe('As the author sent it; nothing here has been checked yet.'),
  unread: z.int().describe('Parts of a Yjs update that cannot be read without the document it was made on.'),
  status: quarantineStatus,
  decidedAt: instantText.optional(),
  decidedBy: uuidText.optional(),
  decisionSeq: z.int().optional().describe('Of the decision in the audit log.'),
  note: z.string().optional(),
});
export type KeptChangeJson = z.output<typeof keptChange>;

export const quarantineResponse = z.object({
  items: z.array(keptChange),
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});
export type QuarantineResponse = z.output<typeof quarantineResponse>;

export const applyResponse = keptChange.extend({
  conflicts: z
    .array(z.object({id: uuidText, fields: z.array(z.string())}))
    .describe('Overwrites that it took part in.'),
});
export type ApplyResponse = z.output<typeof applyResponse>;

const NOTE_LENGTH_MAX = 2_000;

export const discardRequest = z.strictObject({
  note: z
    .string()
    .max(NOTE_LENGTH_MAX, `must be at most ${NOTE_LENGTH_MAX} characters long`)
    .refine((text) => isStorableString(text), {message: 'must not contain NUL or broken Unicode'})
    .optional(),
});
export type DiscardRequest = z.output<typeof discardRequest>;

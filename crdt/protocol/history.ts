// What became of one record, as managers read it: `GET /v1/:entity/:id/history`.
import {z} from 'zod';
import {auditEntry} from './audit.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {pageLimit} from './moments.ts';

export const historyQuery = z.strictObject({
  cursor: z
    .string()
    .max(200)
    .optional()
    .describe('The `nextCursor` of the page before. Absent: the latest entries.'),
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});
export type HistoryQuery = z.output<typeof historyQuery>;

const historyEntry = auditEntry.extend({
  conflicts: z
    .array(z.string())
    .describe('Conflicts that this entry made or settled, as `GET /v1/conflicts` names them.'),
});
export type HistoryEntry = z.output<typeof historyEntry>;

/** Latest first. */
export const historyResponse = z.object({
  items: z.array(historyEntry),
  nextCursor: z.string().nullable().describe('Where the next page begins; null on the last.'),
  hasMore: z.boolean(),
});
export type HistoryResponse = z.output<typeof historyResponse>;

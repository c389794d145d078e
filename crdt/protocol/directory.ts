// What every member may know of colleagues: `GET /v1/directory`.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {listCursor, nextCursor, pageLimit} from './moments.ts';

export const colleague = z.object({
  id: uuidText.describe('Of the `employees` record.'),
  displayName: z.string(),
  jobTitle: z.string().nullable(),
  color: z.string().nullable(),
  teamIds: z.array(uuidText),
});
export type Colleague = z.output<typeof colleague>;

export const directoryQuery = z.object({
  since: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});
export type DirectoryQuery = z.output<typeof directoryQuery>;

export const directoryResponse = z.object({
  items: z.array(colleague),
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});

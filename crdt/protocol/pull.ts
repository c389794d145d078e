// `GET /v1/sync/pull`: records changed after a place in the feed, each once, in its current state.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {PULL_LIMIT_DEFAULT, PULL_LIMIT_MAX} from './limits.ts';
import {instantText, nextCursor, pageLimit, since} from './moments.ts';

export const pullQuery = z.object({
  since,
  limit: pageLimit({max: PULL_LIMIT_MAX, preset: PULL_LIMIT_DEFAULT}),
  encoding: z.enum(['json', 'yjs']).default('json'),
});
export type PullQuery = z.output<typeof pullQuery>;

const yjsPayload = z.object({
  update: z.string().describe('The whole document, base64 Yjs V1.'),
  generation: z.int(),
});

export const pullChange = z.object({
  op: z.enum(['upsert', 'delete']),
  entity: z.string(),
  entityId: uuidText,
  updatedAt: instantText,
  payload: z
    .union([yjsPayload, z.record(z.string(), z.unknown()), z.null()])
    .describe('Fields as JSON, null for a deleted record; with `encoding=yjs` the document, deleted or not.'),
  reason: z
    .enum(['deleted', 'access'])
    .optional()
    .describe("Why a `delete`: the record was deleted, or it left this member's scope."),
});

export const pullResponse = z.object({
  serverTime: instantText,
  changes: z.array(pullChange),
  nextCursor,
  hasMore: z.boolean(),
});

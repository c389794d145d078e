// The log of a tenant as managers read it: `GET /v1/audit`.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, nextCursor, pageLimit, since} from './moments.ts';

export const auditQuery = z.object({
  since,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});
export type AuditQuery = z.output<typeof auditQuery>;

/** A key whose value changed. Texts say only that they did. */
const auditChange = z.union([
  z.object({field: z.string(), before: z.unknown(), after: z.unknown()}),
  z.object({field: z.string(), text: z.literal(true)}),
]);
export type AuditChange = z.output<typeof auditChange>;

export const auditEntry = z.object({
  seq: z.int(),
  at: instantText,
  action: z.string().describe('Such as `record.update`, `member.joined` or `conflict.restored`.'),
  entity: z.string().nullable(),
  entityId: uuidText.nullable(),
  userId: uuidText.nullable(),
  deviceId: uuidText.nullable(),
  summary: z.string(),
  changes: z.array(auditChange).optional(),
});
export type AuditEntryJson = z.output<typeof auditEntry>;

export const auditResponse = z.object({items: z.array(auditEntry), nextCursor, hasMore: z.boolean()});
export type AuditResponse = z.output<typeof auditResponse>;

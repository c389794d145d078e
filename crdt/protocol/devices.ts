// Devices as one tenant knows them.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, listCursor, nextCursor, pageLimit} from './moments.ts';

export const device = z.object({
  id: uuidText,
  userId: uuidText,
  isCurrent: z.boolean().describe('The one this request speaks for.'),
  createdAt: instantText,
  lastSeenAt: instantText.describe('To within five minutes.'),
  revokedAt: instantText.optional(),
});
export type DeviceJson = z.output<typeof device>;

export const devicesQuery = z.object({
  since: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
  all: z
    .enum(['true', 'false'])
    .default('false')
    .describe("`true`: everybody's, for managers; else one's own."),
});
export type DevicesQuery = z.output<typeof devicesQuery>;

export const devicesResponse = z.object({
  items: z.array(device),
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});

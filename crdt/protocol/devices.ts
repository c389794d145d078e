// Devices as one tenant knows them.
import {z} from 'zod';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, listCursor, nextCursor, pageLimit} from './moments.ts';

export const device = z.object({
  id: z.string(),
  userId: z.string(),
  /** The one this request speaks for. */
  isCurrent: z.boolean(),
  createdAt: instantText,
  /** To within five minutes. */
  lastSeenAt: instantText,
  revokedAt: instantText.optional(),
});
export type DeviceJson = z.output<typeof device>;

export const devicesQuery = z.object({
  since: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
  all: z
    .enum(['true', 'false'])
    .default('false')
    .meta({description: "`true`: everybody's, for managers; else one's own."}),
});
export type DevicesQuery = z.output<typeof devicesQuery>;

export const devicesResponse = z.object({
  items: z.array(device),
  nextCursor: nextCursor.nullable(),
  hasMore: z.boolean(),
});

// Sending invoices: what is asked, and what became of each message. `POST /v1/invoices/:id/send` and what belongs to it.
import {z} from 'zod';
import {uuidText} from './ids.ts';
import {LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX} from './limits.ts';
import {instantText, listCursor, pageLimit} from './moments.ts';

export const channels = ['email', 'whatsapp', 'sms'] as const;
export type ChannelName = (typeof channels)[number];

export const deliveryStates = [
  'queued',
  'sending',
  'local',
  'sent',
  'delivered',
  'read',
  'failed',
  'dead',
  'unknown',
] as const;
export type DeliveryState = (typeof deliveryStates)[number];

const stateNote =
  '`queued`: waits, also for another attempt. `sending`: an attempt is under way. `local`: there is no provider, so it ' +
  'was written to `GET /v1/outbox` and went nowhere. `sent`, `delivered`, `read`: as the provider says; e-mail ends at ' +
  '`sent`. `failed`: the provider refused it for good. `dead`: given up after all attempts. `unknown`: nobody knows ' +
  'whether the provider took it.';

export const delivery = z
  .object({
    id: uuidText,
    invoiceId: uuidText,
    channel: z.enum(channels),
    recipient: z.string().meta({description: 'Address, or number in E.164.'}),
    state: z.enum(deliveryStates).meta({description: stateNote}),
    attempts: z.int(),
    nextAttemptAt: instantText.nullable(),
    errorCode: z.string().nullable().meta({
      description: 'Of the last attempt, as the provider names it after its own name: `whatsapp_131026`.',
    }),
    providerId: z.string().nullable(),
    createdBy: uuidText,
    createdAt: instantText,
    updatedAt: instantText,
  })
  .meta({id: 'Delivery'});
export type DeliveryJson = z.output<typeof delivery>;

export const sendRequest = z.object({
  channels: z
    .array(z.enum(channels))
    .min(1)
    .max(channels.length)
    .transform((names) => [...new Set(names)])
    .meta({description: 'Each at most once.'}),
});

const refusedChannel = z.object({
  channel: z.enum(channels),
  state: z.literal('refused'),
  error: z.object({
    code: z.enum(['no_recipient', 'no_consent', 'messages_unwanted']),
    message: z.string(),
  }),
});

export const sendResponse = z.object({
  deliveries: z
    .array(z.union([delivery, refusedChannel]))
    .meta({description: 'One per channel, in the order asked for.'}),
});
export type SendResponse = z.output<typeof sendResponse>;
export type RefusedChannel = z.output<typeof refusedChannel>;

export const deliveriesResponse = z.object({
  items: z.array(delivery).meta({description: 'Earliest first.'}),
});

export const previewQuery = z.object({
  channel: z.enum(channels).default('email'),
  language: z
    .string()
    .max(35)
    .optional()
    .meta({description: "BCP 47. Absent: the client's; where there is no template in it, English."}),
});

export const messagePreview = z.object({
  channel: z.enum(channels),
  language: z.string().meta({description: 'Of the template.'}),
  subject: z.string().nullable().meta({description: 'E-mail only.'}),
  text: z.string(),
});
export type MessagePreview = z.output<typeof messagePreview>;

export const outboxQuery = z.object({
  cursor: listCursor,
  limit: pageLimit({max: LIST_LIMIT_MAX, preset: LIST_LIMIT_DEFAULT}),
});
export type OutboxQuery = z.output<typeof outboxQuery>;

export const outboxMessage = z.object({
  id: uuidText.meta({description: 'Of the delivery.'}),
  channel: z.enum(channels),
  to: z.string(),
  subject: z.string().nullable(),
  text: z.string(),
  fileName: z.string(),
  createdAt: instantText,
});
export type OutboxMessage = z.output<typeof outboxMessage>;

export const outboxResponse = z.object({
  items: z.array(outboxMessage).meta({description: 'Earliest first.'}),
  nextCursor: z.string().nullable(),
  hasMore: z.boolean(),
});

// Codes of sending invoices, for a request as a whole or for one channel of it. Part of the catalogue in error-code.ts.
import {entry} from './error-entry.ts';

const ofChannel = {status: 409, retryable: false, log: 'debug'} as const;

export const deliveryErrors = {
  not_issued: entry({
    status: 409,
    retryable: false,
    log: 'debug',
    cause: 'The invoice is a draft or void: only one that was issued is sent.',
    cure: 'Issue it first.',
  }),
  no_recipient: entry({
    ...ofChannel,
    cause: 'The client has no address or number for this channel, or the invoice names no client.',
    cure: 'Enter it at the client, then send again.',
  }),
  no_consent: entry({
    ...ofChannel,
    cause: 'The client did not agree to messages by this channel, or took that back.',
    cure: 'Ask the client, and note the consent before sending.',
  }),
  messages_unwanted: entry({
    ...ofChannel,
    cause: 'The client wants no messages: `preferredChannel` is `none`.',
    cure: 'Hand the invoice over another way.',
  }),
  not_retryable: entry({
    ...ofChannel,
    cause: 'The delivery is under way or done.',
    cure: 'Read it again: `current` says how it stands.',
  }),
  link_expired: entry({
    status: 410,
    retryable: false,
    log: 'debug',
    cause: 'The link has expired.',
    cure: 'Ask whoever sent it for a new one.',
  }),
} as const;

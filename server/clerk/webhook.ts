// A webhook of Clerk's, from signed bytes to what follows from it.
import {verifyWebhook} from '@clerk/backend/webhooks';
import {z} from 'zod';
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {AccountEvent} from '../sync/account-events.ts';
import {clerkUser, profileOf} from './profile.ts';

/** The headers that a delivery is signed with. */
const HEADERS = ['svix-id', 'svix-timestamp', 'svix-signature'] as const;
const EVENT_ID_LENGTH_MAX = 256;

/** For the description of the endpoint; other types than those that matter are accepted and ignored. */
export const clerkEvent = z.object({
  type: z.string().describe('Such as `user.deleted`.'),
  data: z.record(z.string(), z.unknown()).describe('The object that the event is about, as Clerk has it.'),
});

export interface ClerkDelivery {
  /** The same for every delivery of one event. */
  readonly id: string;
  /** Null: nothing follows from it. */
  readonly event: AccountEvent | null;
}

/**
 * body: as it came. Throws SyncError `bad_request` for missing headers, and for an event that should matter but is not of
 * its documented form, so that its failure shows at Clerk and it is delivered again; `bad_signature` for what the secret did
 * not sign within the last five minutes.
 */
export async function readClerkWebhook(
  {headers, body}: {headers: Headers; body: Uint8Array<ArrayBuffer>},
  signingSecret: string,
): Promise<ClerkDelivery> {
  const missing = HEADERS.filter((name) => (headers.get(name)?.trim() ?? '') === '');
  if (missing.length > 0) throw badRequest(Object.fromEntries(missing.map((name) => [name, 'is missing'])));
  const id = headers.get('svix-id')?.trim() ?? '';
  if (id.length > EVENT_ID_LENGTH_MAX) throw badRequest({'svix-id': 'is too long'});
  // The address is not looked at.
  const request = new Request('http://webhook/', {method: 'POST', headers, body});
  const {type, data} = await verifyWebhook(request, {signingSecret}).catch((error: unknown) => {
    throw new SyncError('bad_signature', {cause: error});
  });
  return {id, event: readEvent(type, data)};
}

const badRequest = (fields: Readonly<Record<string, string>>): SyncError =>
  new SyncError('bad_request', {details: {fields}});

const account = z.object({id: z.string().min(1).max(320)});

function readEvent(type: string, data: unknown): AccountEvent | null {
  switch (type) {
    case 'user.deleted':
      return {kind: 'account-deleted', subject: read(account, data).id};
    case 'user.updated': {
      const user = read(clerkUser.required({updated_at: true}), data);
      return {
        kind: 'account-changed',
        subject: user.id,
        profile: profileOf(user),
        at: new Date(user.updated_at),
      };
    }
    case 'session.ended':
    case 'session.removed':
    case 'session.revoked':
      return {kind: 'session-ended', sessionId: read(account, data).id};
    default:
      return null;
  }
}

function read<Schema extends z.ZodType>(schema: Schema, data: unknown): z.output<Schema> {
  const result = schema.safeParse(data);
  if (!result.success) throw badRequest({data: 'is not as documented for this type'});
  return result.data;
}

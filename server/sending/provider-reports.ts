// What Meta and Twilio report on messages: verified, read, and taken once. Reports come unordered and more than once.
import {createHmac, timingSafeEqual} from 'node:crypto';
import {z} from 'zod';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {isUuid} from '#crdt/protocol/ids.ts';
import {findDeliveryTenant, saveReport, type StatusReport} from '#db/deliveries.ts';
import {withTenant} from '#db/transaction.ts';
import {takeWebhookEvent} from '#db/webhook-events.ts';
import type {Service} from '../sync/service.ts';

export interface ProviderReport extends Omit<StatusReport, 'id' | 'at'> {
  readonly channel: 'whatsapp' | 'sms';
  /** Null: known by the provider's id only. */
  readonly deliveryId: string | null;
}

interface SignedBody {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const isSame = (given: string, expected: Buffer, encoding: 'hex' | 'base64'): boolean => {
  const bytes = Buffer.from(given, encoding);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
};

const statuses = z.object({
  entry: z.array(
    z.object({
      changes: z.array(
        z.object({
          value: z.object({
            statuses: z
              .array(
                z.object({
                  id: z.string().min(1).max(256),
                  status: z.string(),
                  biz_opaque_callback_data: z.string().optional(),
                  errors: z.array(z.object({code: z.int()})).optional(),
                }),
              )
              .optional(),
          }),
        }),
      ),
    }),
  ),
});

const whatsappStates: Readonly<Record<string, ProviderReport['state']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  failed: 'failed',
};

/** `X-Hub-Signature-256` over the body as it came. Throws SyncError `bad_signature`, `bad_request`. */
export function readWhatsappReports({headers, body}: SignedBody, appSecret: string): ProviderReport[] {
  const [, given = ''] = /^sha256=([0-9a-f]{64})$/i.exec(headers.get('x-hub-signature-256') ?? '') ?? [];
  if (!isSame(given, createHmac('sha256', appSecret).update(body).digest(), 'hex'))
    throw new SyncError('bad_signature');
  const all = readJson(body)
    .entry.flatMap(({changes}) => changes)
    .flatMap(({value}) => value.statuses ?? []);
  return all.flatMap(({id, status, biz_opaque_callback_data: own, errors}) => {
    const state = whatsappStates[status];
    if (state === undefined) return [];
    const code = errors?.[0]?.code;
    return [
      {
        channel: 'whatsapp' as const,
        state,
        providerId: id,
        deliveryId: isUuid(own) ? own : null,
        errorCode: state === 'failed' ? `whatsapp_${code ?? 'failed'}` : null,
      },
    ];
  });
}

function readJson(body: Uint8Array): z.output<typeof statuses> {
  let read: unknown;
  try {
    read = JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    throw new SyncError('bad_json');
  }
  const result = statuses.safeParse(read);
  if (!result.success)
    throw new SyncError('bad_request', {details: {fields: {entry: 'is not as documented'}}});
  return result.data;
}

const twilioStates: Readonly<Record<string, ProviderReport['state']>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
};

/**
 * `X-Twilio-Signature`: HMAC-SHA1 over the address, as Twilio was given it, and the parameters sorted by name. Throws
 * SyncError `bad_signature`, `bad_request`.
 */
export function readTwilioReport(
  {headers, body}: SignedBody,
  {url, authToken}: {url: string; authToken: string},
): ProviderReport[] {
  const form = new URLSearchParams(new TextDecoder().decode(body));
  const signed = [...new Set(form.keys())].sort().map((name) => `${name}${form.getAll(name).join('')}`);
  const expected = createHmac('sha1', authToken)
    .update(`${url}${signed.join('')}`)
    .digest();
  if (!isSame(headers.get('x-twilio-signature') ?? '', expected, 'base64'))
    throw new SyncError('bad_signature');
  const providerId = form.get('MessageSid') ?? '';
  if (providerId === '' || providerId.length > 64)
    throw new SyncError('bad_request', {details: {fields: {MessageSid: 'is missing'}}});
  const state = twilioStates[form.get('MessageStatus') ?? ''];
  if (state === undefined) return [];
  const own = new URL(url).searchParams.get('delivery');
  const code = form.get('ErrorCode') ?? '';
  return [
    {
      channel: 'sms',
      state,
      providerId,
      deliveryId: isUuid(own) ? own : null,
      errorCode: state === 'failed' ? `sms_${/^\d{1,6}$/.test(code) ? code : 'failed'}` : null,
    },
  ];
}

/** Where Twilio is to report on a delivery. */
export const twilioCallbackUrl = (publicUrl: string, deliveryId: string): string =>
  `${publicUrl}/v1/webhooks/twilio?delivery=${deliveryId}`;

/** Takes reports that were verified. `repeated`: all of them had been taken; `ignored`: none is of ours. */
export async function takeReports(
  {pool, now}: Pick<Service, 'pool' | 'now'>,
  reports: readonly ProviderReport[],
): Promise<'taken' | 'repeated' | 'ignored'> {
  const outcomes: ('taken' | 'repeated' | 'ignored')[] = [];
  for (const report of reports) outcomes.push(await takeReport({pool, now}, report));
  return outcomes.find((outcome) => outcome === 'taken') ?? outcomes[0] ?? 'ignored';
}

async function takeReport(
  {pool, now}: Pick<Service, 'pool' | 'now'>,
  {channel, deliveryId, ...report}: ProviderReport,
): Promise<'taken' | 'repeated' | 'ignored'> {
  const {providerId, state} = report;
  const found = await findDeliveryTenant(pool, {id: deliveryId, channel, providerId});
  if (found === undefined) return 'ignored';
  const {tenantId, id} = found;
  return withTenant(pool, tenantId, async (client) => {
    const isNew = await takeWebhookEvent(client, {provider: channel, id: `${providerId}/${state}`});
    if (!isNew) return 'repeated';
    await saveReport(client, tenantId, {...report, id, at: new Date(now())});
    return 'taken';
  });
}

// SMS through Twilio. It knows no idempotency keys: where no answer came, the list of its messages is asked before
// anything is sent once more.
import {z} from 'zod';
import type {Channel, LookedUp, OutgoingMessage, SendOutcome} from './channel.ts';
import {askProvider} from './provider-request.ts';

export interface TwilioSettings {
  readonly apiUrl: string;
  readonly accountSid: string;
  readonly authToken: string;
  /** A number in E.164, or a messaging service (`MG...`). */
  readonly from: string;
}

const created = z.object({sid: z.string().min(1)});
const refused = z.object({code: z.int()});
const listed = z.object({
  messages: z.array(
    z.object({sid: z.string().min(1), body: z.string(), to: z.string(), status: z.string().optional()}),
  ),
  next_page_uri: z.string().nullish(),
});

/** Of messages that never reached anybody: another one may be sent. */
const ended: ReadonlySet<string> = new Set(['failed', 'undelivered', 'canceled']);

/** Pages of the list that are read; one recipient has few messages. */
const PAGES_MAX = 5;

/** callbackUrl: of a delivery, where the server can be reached from outside. */
export function createTwilioChannel(
  {apiUrl, accountSid, authToken, from}: TwilioSettings,
  {callbackUrl, timeoutMs}: {callbackUrl: ((deliveryId: string) => string) | undefined; timeoutMs?: number},
): Channel {
  const root = apiUrl.replace(/\/$/, '');
  const messagesUrl = `${root}/2010-04-01/Accounts/${accountSid}/Messages.json`;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`;

  const send = async ({deliveryId, to, text}: OutgoingMessage): Promise<SendOutcome> => {
    const form = new URLSearchParams({To: to, Body: text});
    form.set(from.startsWith('MG') ? 'MessagingServiceSid' : 'From', from);
    if (callbackUrl !== undefined) form.set('StatusCallback', callbackUrl(deliveryId));
    const answer = await askProvider(
      messagesUrl,
      {
        method: 'POST',
        headers: {authorization, 'content-type': 'application/x-www-form-urlencoded'},
        body: form.toString(),
      },
      timeoutMs,
    );
    if (answer.kind === 'silence')
      return {kind: answer.isBefore ? 'retry' : 'unknown', code: 'sms_no_answer'};
    const made = answer.status < 300 ? created.safeParse(answer.body) : undefined;
    if (made?.success === true) return {kind: 'sent', providerId: made.data.sid};
    return failureOf(answer);
  };

  /** By the link that names the delivery. The rest may read otherwise by now, and Twilio adds to it or changes signs. */
  const lookUp = async ({to, parts}: OutgoingMessage): Promise<LookedUp> => {
    const {pathname} = new URL(parts.link);
    let url: string | undefined =
      `${messagesUrl}?${new URLSearchParams({To: to, PageSize: '100'}).toString()}`;
    for (let page = 0; url !== undefined && page < PAGES_MAX; page++) {
      const answer = await askProvider(url, {headers: {authorization}}, timeoutMs);
      const list =
        answer.kind === 'answer' && answer.status < 300 ? listed.safeParse(answer.body) : undefined;
      if (list?.success !== true) return {kind: 'retry', code: 'sms_look_up'};
      const found = list.data.messages.find(
        ({to: number, body, status = ''}) => number === to && body.includes(pathname) && !ended.has(status),
      );
      if (found !== undefined) return {kind: 'sent', providerId: found.sid};
      const next: string | null | undefined = list.data.next_page_uri;
      url = typeof next !== 'string' || next === '' ? undefined : `${root}${next}`;
    }
    return {kind: 'absent'};
  };
  return {send, lookUp};
}

function failureOf({status, body}: {status: number; body: unknown}): SendOutcome {
  const error = refused.safeParse(body);
  const code = `sms_${error.success ? error.data.code : status}`;
  if (status === 401) return {kind: 'parked', code};
  if (status === 429) return {kind: 'retry', code};
  // A fault of theirs, or an answer that does not say: it may have been taken.
  if (status >= 500 || status < 300) return {kind: 'unknown', code};
  return {kind: 'refused', code};
}

// Deliveries as Svix signs them for Clerk, made without Clerk's code.
import {createHmac, randomBytes, randomUUID} from 'node:crypto';

export interface Delivery {
  readonly type: string;
  readonly data: object;
  /** Of the event; a repeat has the same. */
  readonly id?: string;
  /** ms since epoch. */
  readonly at?: number;
  readonly secret?: string;
}

export const newSigningSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

/** HMAC-SHA256 over id, time in seconds and body. */
export function signatureOf(
  {id, seconds, body}: {id: string; seconds: number; body: string},
  secret: string,
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`;
}

export function deliveryRequest(
  {type, data, id = `msg_${randomUUID()}`, at = Date.now()}: Delivery,
  secret: string,
): {method: string; headers: Record<string, string>; body: string} {
  const body = JSON.stringify({
    type,
    object: 'event',
    data,
    event_attributes: {http_request: {client_ip: '192.0.2.9', user_agent: 'test'}},
    timestamp: at,
    instance_id: 'ins_test',
  });
  const seconds = Math.floor(at / 1_000);
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'svix-id': id,
      'svix-timestamp': String(seconds),
      'svix-signature': signatureOf({id, seconds, body}, secret),
    },
    body,
  };
}

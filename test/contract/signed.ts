// Deliveries of outside services, signed as they sign them.
import {createHmac, randomUUID} from 'node:crypto';
import {silentLogger} from '#server/logger.ts';
import {createRestApp} from '#server/rest/app.ts';
import type {Answer, World} from '../support/world.ts';

const key = Buffer.from('a key of at least twenty-four bytes');
const SIGNING_SECRET = `whsec_${key.toString('base64')}`;

/** A delivery to a server that has the signing secret. */
export async function deliver(
  {service, verifier}: World,
  {path, body}: {path: string; body: unknown},
): Promise<Answer> {
  const app = createRestApp({
    service,
    verifier,
    log: silentLogger,
    isReady: () => Promise.resolve(true),
    metrics: () => Promise.resolve(''),
    clerk: {webhookSigningSecret: SIGNING_SECRET},
  });
  const [id, timestamp, text] = [
    `msg_${randomUUID()}`,
    String(Math.floor(Date.now() / 1_000)),
    JSON.stringify(body),
  ];
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'svix-id': id,
    'svix-timestamp': timestamp,
    'svix-signature': `v1,${signature}`,
  };
  const request = new Request(`http://test${path}`, {method: 'POST', headers, body: text});
  const answer = await app.fetch(request, '192.0.2.1');
  return {status: answer.status, headers: answer.headers, body: await answer.json()};
}

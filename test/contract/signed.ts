// Deliveries of outside services, signed as they sign them.
import {createHmac, randomUUID} from 'node:crypto';
import {silentLogger} from '#server/logger.ts';
import {createRestApp} from '#server/rest/app.ts';
import {readAnswer, type Answer, type World} from '../support/world.ts';

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
    whyNotReady: () => Promise.resolve(null),
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

const PUBLIC_URL = 'https://api.example.com';
/** The settings that let in what `report` signs, and nothing that others sign. */
export const reporting = {
  publicUrl: PUBLIC_URL,
  whatsapp: {appSecret: 'the secret of the app', verifyToken: 'the word'},
  twilio: {authToken: 'the token of the account'},
};

/** A report of Meta or Twilio to a server that knows them. */
export async function report(
  {service, verifier}: World,
  {asker, method, target, body}: {asker: 'meta' | 'twilio'; method: string; target: string; body: unknown},
): Promise<Answer> {
  const app = createRestApp({
    service,
    verifier,
    log: silentLogger,
    whyNotReady: () => Promise.resolve(null),
    metrics: () => Promise.resolve(''),
    sending: reporting,
  });
  const {text, headers} = asker === 'meta' ? signedByMeta(body) : signedByTwilio(target, body);
  const init = method === 'GET' ? {} : {headers, body: text};
  return readAnswer(await app.fetch(new Request(`http://test${target}`, {method, ...init}), '192.0.2.1'));
}

function signedByMeta(body: unknown): {text: string; headers: Record<string, string>} {
  const text = JSON.stringify(body ?? null);
  const signature = createHmac('sha256', reporting.whatsapp.appSecret).update(text).digest('hex');
  return {text, headers: {'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}`}};
}

function signedByTwilio(target: string, body: unknown): {text: string; headers: Record<string, string>} {
  const fields = Object.entries(body as Record<string, string>).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const signed = `${PUBLIC_URL}${target}${fields.flat().join('')}`;
  const signature = createHmac('sha1', reporting.twilio.authToken).update(signed).digest('base64');
  const headers = {'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature};
  return {text: new URLSearchParams(fields).toString(), headers};
}

// Attempts that fail, and servers that die in the middle of one: nothing is lost, and nothing is sent twice that could
// have been known.
import {randomUUID} from 'node:crypto';
import {expect, onTestFinished, test, vi} from 'vitest';
import type {DeliveryJson} from '#crdt/protocol/deliveries.ts';
import {claimDelivery} from '#db/delivery-queue.ts';
import {startMailServer, type MailServer} from '#test/support/mail-server.ts';
import {META, startMeta, startTwilio, TWILIO, type ProviderServer} from '#test/support/provider-server.ts';
import {shareWorld, type Scene} from '#test/support/sending-scene.ts';
import {WAIT} from '#test/support/wait.ts';
import type {Channel} from './channel.ts';
import {ATTEMPTS_MAX, backoffMs, deliver} from './deliver.ts';
import {createEmailChannel} from './email-channel.ts';
import {createTwilioChannel} from './twilio-channel.ts';
import {createWhatsappChannel} from './whatsapp-channel.ts';
import {deliverNext, LEASE_MS, RECIPIENT_GAP_MS, startSendingWorker} from './worker.ts';

const setScene = shareWorld();
const HOURS_6 = 6 * 60 * 60_000;

/** The process dies when the provider has answered, before that is noted. */
const dying = (channel: Channel): Channel => ({
  ...channel,
  async send(message) {
    await channel.send(message);
    throw new Error('killed');
  },
});

const claimOf = ({world, worker}: Scene) =>
  claimDelivery(world.service.pool, {
    now: new Date(worker({}).now()),
    leaseMs: LEASE_MS,
    recipientGapMs: RECIPIENT_GAP_MS,
  });

const only = async (scene: Scene): Promise<DeliveryJson> => (await scene.deliveries())[0]!;

async function withMail(): Promise<{scene: Scene; mail: MailServer; email: Channel}> {
  const mail = await startMailServer();
  const email = createEmailChannel({url: mail.url, from: 'office@example.com'});
  onTestFinished(() => email.close());
  const scene = await setScene();
  await scene.send(['email']);
  return {scene, mail, email};
}

async function withTwilio(): Promise<{scene: Scene; twilio: ProviderServer; sms: Channel}> {
  const twilio = await startTwilio();
  const sms = createTwilioChannel({...TWILIO, apiUrl: twilio.url}, {callbackUrl: undefined});
  const scene = await setScene();
  await scene.send(['sms']);
  return {scene, twilio, sms};
}

async function withMeta(): Promise<{scene: Scene; meta: ProviderServer; whatsapp: Channel}> {
  const meta = await startMeta();
  const scene = await setScene();
  await scene.send(['whatsapp']);
  return {scene, meta, whatsapp: createWhatsappChannel({...META, apiUrl: meta.url})};
}

test('a server that dies before it hands a mail over leaves it to the next, once its lease ends', async () => {
  const {scene, mail, email} = await withMail();
  expect(await claimOf(scene)).toBeDefined();
  expect(await scene.work({email})).toEqual([]);
  scene.pass(LEASE_MS + 1);
  expect(await scene.work({email})).toEqual(['sent']);
  expect(mail.mails).toHaveLength(1);
});

test('a worker that comes back after its lease sends nothing any more', async () => {
  const {scene, mail, email} = await withMail();
  const late = await claimOf(scene);
  scene.pass(LEASE_MS + 1);
  expect(await scene.work({email})).toEqual(['sent']);
  await deliver(scene.worker({email}), late!);
  expect(mail.mails).toHaveLength(1);
  expect((await only(scene)).state).toBe('sent');
});

test('workers at the same time take one message once', async () => {
  const {scene, mail, email} = await withMail();
  const outcomes = await Promise.all(Array.from({length: 4}, () => deliverNext(scene.worker({email}))));
  expect(outcomes.filter((outcome) => outcome !== null)).toEqual(['sent']);
  expect(mail.mails).toHaveLength(1);
});

test('while a provider lets one message wait, the next goes out', async () => {
  const {scene, twilio, sms} = await withTwilio();
  const mail = await startMailServer();
  const email = createEmailChannel({url: mail.url, from: 'office@example.com'});
  onTestFinished(() => email.close());
  twilio.troubleNext('hold');
  const worker = startSendingWorker(scene.worker({sms, email}));
  onTestFinished(() => worker.stop());
  onTestFinished(() => twilio.letGoOn());
  await vi.waitUntil(() => twilio.held() === 1, WAIT);
  await scene.send(['email']);
  worker.wake();
  await vi.waitUntil(() => mail.mails.length === 1, WAIT);
  expect((await scene.deliveries()).map(({channel, state}) => [channel, state])).toContainEqual([
    'sms',
    'sending',
  ]);
});

test('servers that die again and again after the mail server took it make one duplicate, and no more', async () => {
  const {scene, mail, email} = await withMail();
  for (let round = 0; round < 2; round++) {
    await expect(scene.work({email: dying(email)})).rejects.toThrow('killed');
    scene.pass(LEASE_MS + 1);
  }
  expect(await scene.work({email})).toEqual(['unknown']);
  expect(mail.mails).toHaveLength(2);
  expect(new Set(mail.mails.map(({messageId}) => messageId)).size).toBe(1);
  const {id, state} = await only(scene);
  expect(state).toBe('unknown');
  expect((await scene.manager.post(`/v1/deliveries/${id}/retry`, {})).status).toBe(200);
  scene.pass(1);
  expect(await scene.work({email})).toEqual(['sent']);
});

test('a mail server that hangs up after the message leaves it in doubt, and it goes once more', async () => {
  const {scene, mail, email} = await withMail();
  mail.answerNext(0, 0);
  expect(await scene.work({email})).toEqual(['unknown']);
  scene.pass(HOURS_6);
  expect(await scene.work({email})).toEqual(['unknown']);
  scene.pass(HOURS_6);
  expect(await scene.work({email})).toEqual([]);
  expect(mail.mails).toHaveLength(2);
});

test('a server that dies after Twilio took an SMS finds it there, and sends no second', async () => {
  const {scene, twilio, sms} = await withTwilio();
  await expect(scene.work({sms: dying(sms)})).rejects.toThrow('killed');
  scene.pass(LEASE_MS + 1);
  expect(await scene.work({sms})).toEqual(['sent']);
  expect([twilio.messages.length, twilio.lookUps()]).toEqual([1, 1]);
  expect((await only(scene)).providerId).toBe('SM1');
});

test.each([
  ['silence', 1],
  ['silence before', 1],
] as const)(
  'an SMS that is answered with %s is looked up before anything is sent',
  async (trouble, count) => {
    const {scene, twilio, sms} = await withTwilio();
    twilio.troubleNext(trouble);
    expect(await scene.work({sms})).toEqual(['unknown']);
    expect(await scene.work({sms})).toEqual([]);
    scene.pass(90_000);
    expect(await scene.work({sms})).toEqual(['sent']);
    expect([twilio.messages.length, twilio.lookUps()]).toEqual([count, 1]);
    expect(twilio.faults).toEqual([]);
  },
);

test('while Twilio cannot be asked for its list, nothing is sent', async () => {
  const {scene, twilio, sms} = await withTwilio();
  twilio.troubleNext('silence');
  await scene.work({sms});
  scene.pass(90_000);
  const blind: Channel = {...sms, lookUp: () => Promise.resolve({kind: 'retry', code: 'sms_look_up'})};
  expect(await scene.work({sms: blind})).toEqual(['queued']);
  expect(twilio.messages).toHaveLength(1);
});

test('a mail that is refused for now is tried again by the clock, eight times, and then given up', async () => {
  const {scene, mail, email} = await withMail();
  mail.answerNext(...Array<number>(ATTEMPTS_MAX).fill(451));
  for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt++) {
    expect(await scene.work({email})).toEqual(['queued']);
    scene.pass(backoffMs(attempt, 0) - 5_000);
    expect(await scene.work({email})).toEqual([]);
    scene.pass(6_000);
  }
  expect(await scene.work({email})).toEqual(['dead']);
  const {id, state, errorCode, attempts} = await only(scene);
  expect([state, errorCode, attempts]).toEqual(['dead', 'email_451', ATTEMPTS_MAX]);
  await scene.manager.post(`/v1/deliveries/${id}/retry`, {});
  expect(await scene.work({email})).toEqual(['sent']);
  expect(mail.mails).toHaveLength(1);
});

test('a mail server that is away loses nothing', async () => {
  const {scene, mail, email} = await withMail();
  const away = createEmailChannel({url: 'smtp://127.0.0.1:1', from: 'office@example.com'});
  expect(await scene.work({email: away})).toEqual(['queued']);
  scene.pass(61_000);
  expect(await scene.work({email})).toEqual(['sent']);
  expect(mail.mails).toHaveLength(1);
});

test('an address that is refused for good is not tried again', async () => {
  const {scene, mail, email} = await withMail();
  mail.answerNext(550);
  expect(await scene.work({email})).toEqual(['failed']);
  scene.pass(HOURS_6);
  expect(await scene.work({email})).toEqual([]);
  expect((await only(scene)).errorCode).toBe('email_550');
});

test.each([
  [400, 130429, 'queued'],
  [400, 131056, 'queued'],
  [500, 131016, 'queued'],
  [500, 131000, 'queued'],
  [503, 2, 'queued'],
  [400, 131026, 'failed'],
  [400, 131047, 'failed'],
  [404, 132001, 'failed'],
  [401, 190, 'parked'],
] as const)('WhatsApp answers %i with code %i: %s', async (status, code, outcome) => {
  const {scene, meta, whatsapp} = await withMeta();
  meta.troubleNext({status, code});
  expect(await scene.work({whatsapp})).toEqual([outcome]);
  const {attempts, errorCode} = await only(scene);
  expect([attempts, errorCode]).toEqual([outcome === 'parked' ? 0 : 1, `whatsapp_${code}`]);
  if (outcome === 'failed') return;
  scene.pass(20 * 60_000);
  expect(await scene.work({whatsapp})).toEqual(['sent']);
  expect([meta.messages.length, meta.faults]).toEqual([1, []]);
});

test.each([
  [400, 21211, 'failed'],
  [400, 21610, 'failed'],
  [429, 20429, 'queued'],
  [401, 20003, 'parked'],
  [503, 20503, 'unknown'],
] as const)('Twilio answers %i with code %i: %s', async (status, code, outcome) => {
  const {scene, twilio, sms} = await withTwilio();
  twilio.troubleNext({status, code});
  expect(await scene.work({sms})).toEqual([outcome]);
  expect(twilio.faults).toEqual([]);
});

test('a WhatsApp message without an answer goes once more, and no oftener', async () => {
  const {scene, meta, whatsapp} = await withMeta();
  meta.troubleNext('silence', 'silence');
  expect(await scene.work({whatsapp})).toEqual(['unknown']);
  scene.pass(HOURS_6);
  expect(await scene.work({whatsapp})).toEqual(['unknown']);
  scene.pass(HOURS_6);
  expect(await scene.work({whatsapp})).toEqual([]);
  expect(meta.messages).toHaveLength(2);
});

test('one recipient gets one WhatsApp message in six seconds, and other channels do not wait for it', async () => {
  const {scene, meta, whatsapp} = await withMeta();
  const second = randomUUID();
  const {clientId, manager} = scene;
  const fields = {kind: 'invoice', status: 'issued', clientId, currency: 'EUR', issueDate: '2026-03-02'};
  await manager.push([{entity: 'finance_entries', entityId: second, payload: fields}]);
  await manager.post(`/v1/invoices/${second}/send`, {channels: ['whatsapp', 'email']});
  expect((await scene.work({whatsapp})).toSorted()).toEqual(['local', 'sent']);
  expect(meta.messages).toHaveLength(1);
  scene.pass(RECIPIENT_GAP_MS + 1);
  expect(await scene.work({whatsapp})).toEqual(['sent']);
});

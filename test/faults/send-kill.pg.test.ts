// kill -9 of the real server at every point of a send: no message is lost, an SMS is never sent twice, and an e-mail or
// WhatsApp message only where the provider may have had it and cannot be asked.
import {createHmac} from 'node:crypto';
import {expect, test, vi} from 'vitest';
import {WAIT} from '#test/support/wait.ts';
import {APP_SECRET, setStage, type SendStage} from './send-stage.ts';

const CLAIMS = 'SELECT pg_advisory_xact_lock(7204115)';

/** Brings the server to the point, and kills it there. */
type Point = (stage: SendStage) => Promise<void>;

const unheard: Point = async ({freeze, press, kill}) => {
  const commits = await freeze('SELECT FROM tenant_counters FOR UPDATE');
  const pressed = press();
  await commits.waiting(1);
  await kill();
  expect(await pressed).toEqual([undefined, undefined]);
  await commits.end();
};

const stored: Point = async ({freeze, press, kill}) => {
  const claims = await freeze(CLAIMS);
  expect((await press()).map((answer) => answer?.status)).toEqual([202, 202]);
  await kill();
  await claims.end();
};

const claimed: Point = async ({freeze, press, kill}) => {
  const claims = await freeze(CLAIMS);
  await press();
  const reads = await freeze('LOCK TABLE tenants IN ACCESS EXCLUSIVE MODE');
  await claims.end();
  await reads.waiting(3);
  await kill();
  await reads.end();
};

const connected: Point = async (stage) => {
  stage.mail.holdNext('before');
  stage.meta.troubleNext('hold before');
  stage.twilio.troubleNext('hold before');
  await stage.press();
  await stage.held();
  await stage.kill();
};

const untilTaken: Point = async (stage) => {
  stage.mail.holdNext('taken');
  stage.meta.troubleNext('hold');
  stage.twilio.troubleNext('hold');
  await stage.press();
  await stage.held();
};

const taken: Point = async (stage) => {
  await untilTaken(stage);
  await stage.kill();
};

const answered: Point = async (stage) => {
  const {mail, meta, twilio, freeze, kill} = stage;
  await untilTaken(stage);
  const notes = await freeze('SELECT FROM deliveries FOR UPDATE');
  for (const provider of [mail, meta, twilio]) provider.letGoOn();
  await notes.waiting(3);
  await kill();
  await notes.end();
};

const noted: Point = async ({press, settled, kill}) => {
  await press();
  await settled();
  await kill();
};

test.each([
  ['before the send is committed', unheard, {email: 1, whatsapp: 1, sms: 1}],
  ['when it is stored, and no worker has it', stored, {email: 1, whatsapp: 1, sms: 1}],
  ['when a worker has it, and no provider', claimed, {email: 1, whatsapp: 1, sms: 1}],
  ['when the provider is asked, and has not taken it', connected, {email: 1, whatsapp: 1, sms: 1}],
  ['when the provider has it, and has not answered', taken, {email: 2, whatsapp: 2, sms: 1}],
  ['when the provider has answered, and that is not noted', answered, {email: 2, whatsapp: 2, sms: 1}],
  ['when that is noted', noted, {email: 1, whatsapp: 1, sms: 1}],
] as const)('killed %s, pressed again and again: each arrives', async (_point, bring, counts) => {
  const stage = await setStage();
  await bring(stage);
  await stage.passTime();
  await stage.restart();
  for (const answer of await stage.press()) expect(answer?.body.deliveries).toHaveLength(3);
  expect(await stage.settled()).toEqual({email: 'sent', whatsapp: 'sent', sms: 'sent'});
  await stage.press();
  expect(await stage.deliveries()).toHaveLength(3);
  expect(stage.counts()).toEqual(counts);
  expect([stage.meta.faults, stage.twilio.faults]).toEqual([[], []]);
  const names = new Set(stage.mail.mails.map(({messageId}) => messageId));
  expect(names.size).toBe(1);
});

test('killed twice after the provider took it: one duplicate, and then a manager decides', async () => {
  const stage = await setStage();
  await taken(stage);
  await stage.passTime();
  stage.mail.holdNext('taken');
  stage.meta.troubleNext('hold');
  await stage.restart();
  await vi.waitUntil(() => stage.mail.held() === 2 && stage.meta.held() === 2, WAIT);
  await stage.kill();
  await stage.passTime();
  await stage.restart();
  expect(await stage.settled()).toEqual({email: 'unknown', whatsapp: 'unknown', sms: 'sent'});
  expect(stage.counts()).toEqual({email: 2, whatsapp: 2, sms: 1});
});

test("killed after Meta took it: Meta's report names the delivery, and there is no duplicate", async () => {
  const stage = await setStage();
  await taken(stage);
  await stage.restart();
  const [message] = stage.meta.messages;
  const statuses = [{id: message!.id, status: 'delivered', biz_opaque_callback_data: message!.deliveryId}];
  const entry = [{id: '1', changes: [{field: 'messages', value: {messaging_product: 'whatsapp', statuses}}]}];
  const body = JSON.stringify({object: 'whatsapp_business_account', entry});
  const signature = createHmac('sha256', APP_SECRET).update(body).digest('hex');
  const headers = {'x-hub-signature-256': `sha256=${signature}`, 'content-type': 'application/json'};
  const report = await fetch(`${stage.url()}/v1/webhooks/whatsapp`, {method: 'POST', headers, body});
  expect(await report.json()).toEqual({outcome: 'taken'});
  await stage.passTime();
  expect(await stage.settled()).toMatchObject({whatsapp: 'delivered', sms: 'sent'});
  expect(stage.counts()).toEqual({email: 2, whatsapp: 1, sms: 1});
});

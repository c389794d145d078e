// Sending invoices from the request to the provider: what is accepted, that one message is made, and what arrives.
import {randomUUID} from 'node:crypto';
import {expect, onTestFinished, test} from 'vitest';
import type {AuditResponse} from '#crdt/protocol/audit.ts';
import type {DeliveryJson, OutboxMessage, SendResponse} from '#crdt/protocol/deliveries.ts';
import {startMailServer} from '#test/support/mail-server.ts';
import {META, startMeta, startTwilio, TWILIO} from '#test/support/provider-server.ts';
import {everyConsent, PUBLIC_URL, sceneIn, shareWorld} from '#test/support/sending-scene.ts';
import {openUploads} from '#test/support/uploads.ts';
import {createWorld, type ProblemBody} from '#test/support/world.ts';
import {createEmailChannel} from './email-channel.ts';
import {twilioCallbackUrl} from './provider-reports.ts';
import {createTwilioChannel} from './twilio-channel.ts';
import {createWhatsappChannel} from './whatsapp-channel.ts';

const setScene = shareWorld();

const statesOf = ({deliveries}: SendResponse) => deliveries.map(({channel, state}) => [channel, state]);

test('an invoice arrives as a mail in the language of its client, with the PDF', async () => {
  const mail = await startMailServer();
  const channel = createEmailChannel({url: mail.url, from: 'Office <office@example.com>'});
  onTestFinished(() => channel.close());
  const scene = await setScene();
  const {status, body} = await scene.send(['email']);
  expect([status, statesOf(body)]).toEqual([202, [['email', 'queued']]]);
  expect(await scene.status()).toBe('sent');
  expect(await scene.work({email: channel})).toEqual(['sent']);
  const [received] = mail.mails;
  expect(mail.mails).toHaveLength(1);
  expect(received?.subject).toMatch(/^Rechnung .*von Example Services$/);
  expect(received?.text).toContain('123,45');
  expect(received?.attachments[0]?.contentType).toBe('application/pdf');
  expect(received?.attachments[0]?.content.subarray(0, 5).toString()).toBe('%PDF-');
  const [sent] = await scene.deliveries();
  expect(sent).toMatchObject({state: 'sent', recipient: 'erika@example.com', attempts: 1, errorCode: null});
  expect(received?.messageId).toBe(`<${sent!.id}@example.com>`);
});

test('the PDF that was attached to the invoice as its document goes out in place of a printed one', async () => {
  const mail = await startMailServer();
  const channel = createEmailChannel({url: mail.url, from: 'Office <office@example.com>'});
  onTestFinished(() => channel.close());
  const scene = await setScene();
  const uploads = openUploads(scene.world);
  const pdf = Buffer.from('%PDF-1.7\nas the customer wants it');
  const {body} = await uploads.announce(scene.manager, {
    ownerType: 'finance_entries',
    ownerId: scene.invoiceId,
    kind: 'invoice_pdf',
    mimeType: 'application/pdf',
    fileName: 'own.pdf',
    sizeBytes: pdf.length,
  });
  await uploads.put(body, pdf);
  await uploads.complete(scene.manager, body.id);
  await scene.send(['email']);
  expect(await scene.work({email: channel})).toEqual(['sent']);
  expect(mail.mails[0]?.attachments[0]?.content.toString()).toBe(pdf.toString());
  const shown = await scene.manager.get<string>(`/v1/invoices/${scene.invoiceId}/pdf`);
  expect(shown.body).toBe(pdf.toString());
});

test('WhatsApp gets the template with the PDF, and SMS a link to it', async () => {
  const [meta, twilio] = [await startMeta(), await startTwilio()];
  const scene = await setScene();
  await scene.send(['whatsapp', 'sms']);
  const outcomes = await scene.work({
    whatsapp: createWhatsappChannel({...META, apiUrl: meta.url}),
    sms: createTwilioChannel(
      {...TWILIO, apiUrl: twilio.url},
      {callbackUrl: (id) => twilioCallbackUrl(PUBLIC_URL, id)},
    ),
  });
  expect(outcomes).toEqual(['sent', 'sent']);
  expect([meta.faults, twilio.faults]).toEqual([[], []]);
  const ids = Object.fromEntries((await scene.deliveries()).map(({channel, id}) => [channel, id]));
  expect(meta.messages).toMatchObject([{to: '4915112345679', deliveryId: ids['whatsapp']}]);
  expect(twilio.messages).toMatchObject([{to: '+4915112345678', deliveryId: ids['sms']}]);
  const link = /https:\/\/api\.example\.com(\/v1\/i\/\S+)$/.exec(twilio.messages[0]!.text)?.[1] ?? '';
  const page = await scene.world.ask<string>(link);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'application/pdf']);
  const forged = link.replace(/.$/, (end) => (end === 'A' ? 'B' : 'A'));
  expect((await scene.world.ask(forged)).status).toBe(404);
});

test('a link ends after its days', async () => {
  const scene = await setScene();
  await scene.send(['sms']);
  await scene.work({});
  const {items} = (await scene.manager.get<{items: OutboxMessage[]}>('/v1/outbox')).body;
  const link = /\/v1\/i\/\S+$/.exec(items[0]!.text)?.[0] ?? '';
  expect((await scene.world.ask(link)).status).toBe(200);
  await scene.world.database.owner.query(
    `UPDATE deliveries SET created_at = created_at - interval '31 days'`,
  );
  expect((await scene.world.ask<ProblemBody>(link)).body.code).toBe('link_expired');
});

test('without a provider a message is written to the outbox here, and says so', async () => {
  const scene = await setScene();
  await scene.send(['email', 'sms']);
  expect(await scene.work({})).toEqual(['local', 'local']);
  expect((await scene.deliveries()).map(({state}) => state)).toEqual(['local', 'local']);
  const {items} = (await scene.manager.get<{items: OutboxMessage[]}>('/v1/outbox')).body;
  expect(items).toMatchObject([{to: 'erika@example.com'}, {to: '+4915112345678', subject: null}]);
  const document = await scene.manager.get<string>(`/v1/outbox/${items[0]!.id}/document`);
  expect(document.body.slice(0, 5)).toBe('%PDF-');
  expect(document.headers.get('content-disposition')).toBe(`inline; filename="${items[0]!.fileName}"`);
  const {rows} = await scene.world.database.owner.query<{text: string}>(
    `SELECT concat(l.*, d.*) AS text FROM local_messages l, deliveries d`,
  );
  expect(rows.some(({text}) => text.includes(Buffer.from('erika@').toString('hex')))).toBe(false);
});

test('two devices that send at once, and again, make one message', async () => {
  const scene = await setScene();
  const tablet = scene.manager.onNewDevice();
  const answers = await Promise.all([
    scene.send(['email', 'sms']),
    scene.send(['sms', 'email'], tablet),
    scene.send(['email'], tablet),
  ]);
  expect(answers.map(({status}) => status)).toEqual([202, 202, 202]);
  const again = await scene.send(['email']);
  const deliveries = await scene.deliveries();
  expect(deliveries.map(({channel}) => channel).toSorted()).toEqual(['email', 'sms']);
  expect(again.body.deliveries).toEqual(deliveries.filter(({channel}) => channel === 'email'));
});

test('two managers who send at once on two nodes make one message, which two workers send once', async () => {
  const mail = await startMailServer();
  const email = createEmailChannel({url: mail.url, from: 'office@example.com'});
  onTestFinished(() => email.close());
  const scene = await setScene();
  const other = await createWorld({nextTo: scene.world});
  onTestFinished(() => other.close());
  const second = other.here(await scene.world.newMember(scene.manager, 'manager'));
  const answers = await Promise.all([scene.send(['email']), scene.send(['email'], second)]);
  expect(answers[0].body).toEqual(answers[1].body);
  await Promise.all([scene.work({email}), scene.work({email})]);
  expect([await scene.deliveries(), mail.mails].map(({length}) => length)).toEqual([1, 1]);
});

test('one key sends once, also from another device and when the invoice changed in between', async () => {
  const scene = await setScene();
  const headers = {'idempotency-key': randomUUID()};
  const first = await scene.send(['email'], scene.manager, headers);
  await scene.manager.send('PATCH', `/v1/finance-entries/${scene.invoiceId}`, {publicNotes: 'Thank you.'});
  const second = await scene.send(['email'], scene.manager.onNewDevice(), headers);
  expect(second.body).toEqual(first.body);
  expect((await scene.send(['email'])).body.deliveries).not.toEqual(first.body.deliveries);
  expect(await scene.deliveries()).toHaveLength(2);
});

test('what a channel lacks is told at once, and holds up no other', async () => {
  const {consentEmail} = everyConsent;
  const scene = await setScene({consentEmail, whatsapp: null, consentSms: {...consentEmail, optedIn: false}});
  const {status, body} = await scene.send(['whatsapp', 'email', 'sms']);
  expect(status).toBe(202);
  expect(body.deliveries).toMatchObject([
    {channel: 'whatsapp', state: 'refused', error: {code: 'no_recipient'}},
    {channel: 'email', state: 'queued'},
    {channel: 'sms', state: 'refused', error: {code: 'no_consent'}},
  ]);
});

test('a client who wants no messages gets none, and the invoice stays as it is', async () => {
  const scene = await setScene({...everyConsent, preferredChannel: 'none'});
  const {body} = await scene.send(['email']);
  expect(body.deliveries).toMatchObject([{state: 'refused', error: {code: 'messages_unwanted'}}]);
  expect([await scene.status(), await scene.deliveries()]).toEqual(['issued', []]);
});

test('a draft and a void invoice are not sent', async () => {
  const scene = await setScene();
  const draft = randomUUID();
  const fields = {kind: 'invoice', status: 'draft', clientId: scene.clientId, currency: 'EUR'};
  await scene.manager.push([{entity: 'finance_entries', entityId: draft, payload: fields}]);
  const refused = await scene.manager.post<ProblemBody>(`/v1/invoices/${draft}/send`, {channels: ['email']});
  expect([refused.status, refused.body.code]).toEqual([409, 'not_issued']);
  await scene.manager.send('PATCH', `/v1/finance-entries/${scene.invoiceId}`, {status: 'void'});
  expect((await scene.send(['email'])).status).toBe(409);
});

test('an invoice that was voided while its message waited is not sent', async () => {
  const scene = await setScene();
  await scene.send(['email']);
  await scene.manager.send('PATCH', `/v1/finance-entries/${scene.invoiceId}`, {status: 'void'});
  expect(await scene.work({})).toEqual(['failed']);
});

test('the log tells who sent what, in the commit that made the invoice sent', async () => {
  const scene = await setScene();
  await scene.send(['email', 'sms']);
  await scene.send(['email']);
  const log = (await scene.manager.get<AuditResponse>('/v1/audit?limit=200')).body.items;
  expect(log.slice(-2)).toMatchObject([
    {action: 'record.update', entityId: scene.invoiceId},
    {action: 'invoice.send', entityId: scene.invoiceId, summary: 'Sent by email, sms.'},
  ]);
  const {rows} = await scene.world.database.owner.query<{groups: number}>(
    `SELECT count(DISTINCT group_seq)::int AS groups FROM audit_logs WHERE record_id = $1 AND seq > $2`,
    [scene.invoiceId, log.at(-3)!.seq],
  );
  expect(rows).toEqual([{groups: 1}]);
});

test('another tenant neither sees, sends nor retries, and employees may not', async () => {
  const scene = await setScene();
  await scene.send(['email']);
  const [delivery] = await scene.deliveries();
  const other = (await sceneIn(scene.world)).manager;
  const employee = await scene.world.newMember(scene.manager, 'employee');
  for (const [person, status] of [
    [other, 404],
    [employee, 403],
  ] as const) {
    const answers = [
      await person.get(`/v1/invoices/${scene.invoiceId}/deliveries`),
      await person.get(`/v1/invoices/${scene.invoiceId}/preview`),
      await person.post(`/v1/invoices/${scene.invoiceId}/send`, {channels: ['email']}),
      await person.post(`/v1/deliveries/${delivery!.id}/retry`, {}),
    ];
    expect(answers.map((answer) => answer.status)).toEqual([status, status, status, status]);
  }
});

test.each([
  ['en', 'Invoice'],
  ['de-AT', 'Rechnung'],
  ['es', 'Factura'],
  ['fr-CA', 'Facture'],
  ['ja', 'Invoice'],
])('a preview in %s begins with %s', async (language, word) => {
  const scene = await setScene();
  const path = `/v1/invoices/${scene.invoiceId}/preview?channel=email&language=${language}`;
  const {body} = await scene.manager.get<{subject: string; text: string}>(path);
  expect(body.subject).toMatch(new RegExp(`^${word} `));
  expect(body.text).toContain('Erika Muster');
});

test('a delivery that is under way is not tried again by hand', async () => {
  const scene = await setScene();
  await scene.send(['email']);
  const [delivery] = await scene.deliveries();
  const {status, body} = await scene.manager.post<ProblemBody & {current: DeliveryJson}>(
    `/v1/deliveries/${delivery!.id}/retry`,
    {},
  );
  expect([status, body.code, body.current.state]).toEqual([409, 'not_retryable', 'queued']);
});

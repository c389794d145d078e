// What became of messages reaches managers' devices through the feed: live, on every node, and in the end always.
import {expect, onTestFinished, test} from 'vitest';
import type {JsonObject} from '#crdt/json.ts';
import {printDocument} from '#server/invoices/pdf.ts';
import {silentLogger} from '#server/logger.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import type {LiveDevice} from '#test/support/live-device.ts';
import {startMailServer} from '#test/support/mail-server.ts';
import {startNode} from '#test/support/nodes.ts';
import {META, startMeta} from '#test/support/provider-server.ts';
import {sceneIn, shareWorld, type Scene} from '#test/support/sending-scene.ts';
import {openSending} from './open-sending.ts';
import {takeReports} from './provider-reports.ts';

import {showStates} from './show-states.ts';

const setScene = shareWorld();

const shownIn = async ({manager, invoiceId}: Scene): Promise<JsonObject | null> =>
  (await manager.get<{deliveries: JsonObject | null}>(`/v1/finance-entries/${invoiceId}`)).body.deliveries;

const heardBy = ({records}: LiveDevice, {invoiceId}: Scene): unknown =>
  (
    records.get(`finance_entries/${invoiceId}`)?.doc.getMap('fields').get('deliveries') as
      [number, unknown] | undefined
  )?.[1];

test('a manager on another node sees live how far the messages are, by what providers say', async () => {
  const here = await startNode();
  const there = await startNode({nextTo: here});
  const [mail, meta] = [await startMailServer(), await startMeta()];
  const scene = await sceneIn(here.world);
  const whatsapp = {...META, apiUrl: meta.url, appSecret: undefined, verifyToken: undefined};
  const sending = openSending(
    {
      smtp: {url: mail.url, from: 'office@example.com'},
      whatsapp,
      twilio: undefined,
      publicUrl: undefined,
      port: 0,
    },
    {
      service: here.world.service,
      print: printDocument,
      metrics: {attempted: () => undefined, watch: () => undefined},
      log: silentLogger,
    },
  );
  onTestFinished(() => sending.stop());
  const device = await there.live.connect(scene.manager.onNewDevice());
  const hears = (states: JsonObject): Promise<void> =>
    device.until(() => JSON.stringify(heardBy(device, scene)) === JSON.stringify(states));
  await scene.send(['email', 'whatsapp']);
  sending.wake();
  await hears({email: 'sent', whatsapp: 'sent'});
  const [{id: providerId, deliveryId}] = meta.messages as [(typeof meta.messages)[number]];
  await takeReports(here.world.service, [
    {channel: 'whatsapp', state: 'read', providerId, deliveryId, errorCode: null},
  ]);
  sending.show();
  await hears({email: 'sent', whatsapp: 'read'});
  expect(device.holes).toBe(0);
});

test('what a server that died did not show, the next round shows, and once', async () => {
  const scene = await setScene();
  await scene.send(['email', 'sms']);
  const {service} = scene.world;
  await showStates(service);
  expect(await shownIn(scene)).toEqual({email: 'queued', sms: 'queued'});
  await scene.work({});
  await Promise.all([showStates(service), showStates(service)]);
  expect(await shownIn(scene)).toEqual({email: 'local', sms: 'local'});
  const seq = async (): Promise<number> =>
    (await scene.manager.get<{seq: number}>(`/v1/finance-entries/${scene.invoiceId}`)).body.seq;
  const before = await seq();
  await showStates(service);
  expect(await seq()).toBe(before);
  const {faults} = await verifyDatabase({pool: service.pool, keyring: service.keyring});
  expect(faults).toEqual([]);
});

test('an older state is not written over a newer one that another node showed meanwhile', async () => {
  const scene = await setScene();
  await scene.send(['email']);
  const {service} = scene.world;
  const {owner} = scene.world.database;
  const slow: typeof service.lanes = {
    ...service.lanes,
    async submit(submission) {
      await owner.query(`UPDATE deliveries SET state = 'sent'`);
      await showStates(service);
      return service.lanes.submit(submission);
    },
  };
  await showStates({...service, lanes: slow});
  expect(await shownIn(scene)).toEqual({email: 'sent'});
  await showStates(service);
  expect(await shownIn(scene)).toEqual({email: 'sent'});
});

test('an invoice that changes while its messages are under way shows the latest of each channel', async () => {
  const scene = await setScene();
  await scene.send(['email']);
  await scene.work({});
  await scene.manager.send('PATCH', `/v1/finance-entries/${scene.invoiceId}`, {publicNotes: 'Thank you.'});
  await scene.send(['email']);
  await showStates(scene.world.service);
  expect(await shownIn(scene)).toEqual({email: 'queued'});
});

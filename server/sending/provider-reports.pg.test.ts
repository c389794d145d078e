// Reports of Meta and Twilio as they sign them: who is let in, and that their order and number do not matter.
import {createHmac, randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import {silentLogger} from '#server/logger.ts';
import {createRestApp, type RestEdge} from '#server/rest/app.ts';
import {META, startMeta, startTwilio, TWILIO} from '#test/support/provider-server.ts';
import {PUBLIC_URL, shareWorld, type Scene} from '#test/support/sending-scene.ts';
import {readTwilioReport} from './provider-reports.ts';
import {createTwilioChannel} from './twilio-channel.ts';
import {createWhatsappChannel} from './whatsapp-channel.ts';

import {RECIPIENT_GAP_MS} from './worker.ts';

const setScene = shareWorld();

const APP_SECRET = 'app-secret';

interface Reported {
  readonly status: number;
  readonly outcome: string | undefined;
}

const appOf = ({world}: Scene): RestEdge =>
  createRestApp({
    service: world.service,
    verifier: world.verifier,
    log: silentLogger,
    whyNotReady: () => Promise.resolve(null),
    metrics: () => Promise.resolve(''),
    sending: {
      publicUrl: PUBLIC_URL,
      whatsapp: {appSecret: APP_SECRET, verifyToken: 'word'},
      twilio: {authToken: TWILIO.authToken},
    },
  });

async function post(app: RestEdge, path: string, init: RequestInit): Promise<Reported> {
  const request = new Request(`http://inside:8787${path}`, {method: 'POST', ...init});
  const answer = await app.fetch(request, `192.0.2.${Math.floor(Math.random() * 200) + 1}`);
  return {status: answer.status, outcome: ((await answer.json()) as {outcome?: string}).outcome};
}

interface Status {
  readonly id: string;
  readonly status: string;
  readonly own?: string;
  readonly code?: number;
}

function fromMeta(app: RestEdge, statuses: readonly Status[], secret = APP_SECRET): Promise<Reported> {
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [
      {
        id: '1',
        changes: [
          {
            field: 'messages',
            value: {
              messaging_product: 'whatsapp',
              statuses: statuses.map(({id, status, own, code}) => ({
                id,
                status,
                timestamp: '1772000000',
                recipient_id: '4915112345679',
                ...(own === undefined ? {} : {biz_opaque_callback_data: own}),
                ...(code === undefined ? {} : {errors: [{code, title: 'Undeliverable'}]}),
              })),
            },
          },
        ],
      },
    ],
  });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return post(app, '/v1/webhooks/whatsapp', {headers: {'x-hub-signature-256': `sha256=${signature}`}, body});
}

function fromTwilio(
  app: RestEdge,
  {id, ...fields}: {id: string; MessageSid: string; MessageStatus: string; ErrorCode?: string},
  token = TWILIO.authToken,
): Promise<Reported> {
  const path = `/v1/webhooks/twilio?delivery=${id}`;
  const signed = Object.entries(fields)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}${value}`)
    .join('');
  const signature = createHmac('sha1', token).update(`${PUBLIC_URL}${path}${signed}`).digest('base64');
  return post(app, path, {
    headers: {'x-twilio-signature': signature, 'content-type': 'application/x-www-form-urlencoded'},
    body: new URLSearchParams(fields).toString(),
  });
}

async function sent(channel: 'whatsapp' | 'sms'): Promise<{scene: Scene; app: RestEdge; id: string}> {
  const scene = await setScene();
  await scene.send([channel]);
  const provider = channel === 'sms' ? await startTwilio() : await startMeta();
  await scene.work({
    whatsapp: createWhatsappChannel({...META, apiUrl: provider.url}),
    sms: createTwilioChannel({...TWILIO, apiUrl: provider.url}, {callbackUrl: undefined}),
  });
  return {scene, app: appOf(scene), id: (await scene.deliveries())[0]!.id};
}

const stateOf = async (scene: Scene): Promise<string> => (await scene.deliveries())[0]!.state;

test.each([
  [
    ['delivered', 'sent', 'read', 'failed'],
    ['delivered', 'delivered', 'read', 'read'],
  ],
  [
    ['read', 'delivered', 'sent', 'failed'],
    ['read', 'read', 'read', 'read'],
  ],
  [
    ['failed', 'delivered', 'sent', 'read'],
    ['failed', 'delivered', 'delivered', 'read'],
  ],
])('a message only moves on, though it is reported as %j', async (reports, expected) => {
  const {scene, app} = await sent('whatsapp');
  const states: string[] = [];
  for (const status of reports) {
    await fromMeta(app, [{id: 'wamid.1', status}]);
    states.push(await stateOf(scene));
  }
  expect(states).toEqual(expected);
});

test('a repeated report does nothing', async () => {
  const {app} = await sent('whatsapp');
  expect(await fromMeta(app, [{id: 'wamid.1', status: 'delivered'}])).toEqual({
    status: 200,
    outcome: 'taken',
  });
  expect(await fromMeta(app, [{id: 'wamid.1', status: 'delivered'}])).toEqual({
    status: 200,
    outcome: 'repeated',
  });
  expect(await fromMeta(app, [{id: 'wamid.other', status: 'read'}])).toEqual({
    status: 200,
    outcome: 'ignored',
  });
});

test('a report settles a message whose answer never came', async () => {
  const scene = await setScene();
  await scene.send(['whatsapp']);
  const meta = await startMeta();
  meta.troubleNext('silence');
  const whatsapp = createWhatsappChannel({...META, apiUrl: meta.url});
  expect(await scene.work({whatsapp})).toEqual(['unknown']);
  const {id} = (await scene.deliveries())[0]!;
  await fromMeta(appOf(scene), [{id: 'wamid.1', status: 'delivered', own: id}]);
  expect((await scene.deliveries())[0]).toMatchObject({state: 'delivered', providerId: 'wamid.1'});
  scene.pass(24 * 60 * 60_000);
  expect(await scene.work({whatsapp})).toEqual([]);
  expect(meta.messages).toHaveLength(1);
});

test('a report of failure says why', async () => {
  const {scene, app} = await sent('whatsapp');
  await fromMeta(app, [{id: 'wamid.1', status: 'failed', code: 131026}]);
  expect((await scene.deliveries())[0]).toMatchObject({state: 'failed', errorCode: 'whatsapp_131026'});
});

test('a late report on a message that failed does not stop the next try', async () => {
  const scene = await setScene();
  await scene.send(['whatsapp']);
  const meta = await startMeta();
  const whatsapp = createWhatsappChannel({...META, apiUrl: meta.url});
  await scene.work({whatsapp});
  const app = appOf(scene);
  const {id: own} = (await scene.deliveries())[0]!;
  const forgetEvents = () => scene.world.database.owner.query('DELETE FROM webhook_events');
  await fromMeta(app, [{id: 'wamid.1', status: 'failed', own, code: 131026}]);
  await scene.manager.post(`/v1/deliveries/${own}/retry`, {});
  await forgetEvents();
  for (const status of ['sent', 'failed']) await fromMeta(app, [{id: 'wamid.1', status, own}]);
  expect(await stateOf(scene)).toBe('queued');
  scene.pass(RECIPIENT_GAP_MS + 1);
  expect(await scene.work({whatsapp})).toEqual(['sent']);
  await forgetEvents();
  await fromMeta(app, [{id: 'wamid.1', status: 'failed', own}]);
  expect((await scene.deliveries())[0]).toMatchObject({state: 'sent', providerId: 'wamid.2'});
  await fromMeta(app, [{id: 'wamid.2', status: 'failed', own}]);
  expect(await stateOf(scene)).toBe('failed');
});

test('an SMS whose answer never came, and that failed, is sent anew when it is tried again', async () => {
  const scene = await setScene();
  await scene.send(['sms']);
  const twilio = await startTwilio();
  const sms = createTwilioChannel({...TWILIO, apiUrl: twilio.url}, {callbackUrl: undefined});
  twilio.troubleNext('silence');
  expect(await scene.work({sms})).toEqual(['unknown']);
  const {id} = (await scene.deliveries())[0]!;
  twilio.fail('SM1');
  await fromTwilio(appOf(scene), {id, MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '30003'});
  await scene.manager.post(`/v1/deliveries/${id}/retry`, {});
  expect(await scene.work({sms})).toEqual(['sent']);
  expect((await scene.deliveries())[0]).toMatchObject({state: 'sent', providerId: 'SM2'});
});

test("Twilio's own example of a signature is taken, and not with anything altered", () => {
  const example = {
    url: 'https://mycompany.com/myapp.php?foo=1&bar=2',
    body: 'To=%2B18005551212&CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309&Caller=%2B14158675309',
    authToken: '12345',
  };
  const read = ({url, body, authToken} = example): unknown =>
    readTwilioReport(
      {
        headers: new Headers({'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8='}),
        body: new TextEncoder().encode(body),
      },
      {url, authToken},
    );
  // Signed as it must be; but it is about a call.
  expect(() => read()).toThrow(expect.objectContaining({code: 'bad_request'}));
  for (const altered of [
    {...example, url: example.url.replace('1', '2')},
    {...example, body: example.body.replace('1234&', '1235&')},
    {...example, body: `${example.body}&Extra=1`},
    {...example, authToken: '12346'},
  ])
    expect(() => read(altered)).toThrow(expect.objectContaining({code: 'bad_signature'}));
});

test('reports on SMS are signed over the address that Twilio was given', async () => {
  const {scene, app, id} = await sent('sms');
  const report = {id, MessageSid: 'SM1', MessageStatus: 'delivered', To: '+4915112345678'};
  expect((await fromTwilio(app, report, 'wrong')).status).toBe(401);
  expect(await stateOf(scene)).toBe('sent');
  expect(await fromTwilio(app, report)).toEqual({status: 200, outcome: 'taken'});
  await fromTwilio(app, {...report, MessageStatus: 'sent'});
  expect(await stateOf(scene)).toBe('delivered');
});

test('an SMS that could not be delivered has failed, with the code of Twilio', async () => {
  const {scene, app, id} = await sent('sms');
  await fromTwilio(app, {id, MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '30003'});
  expect((await scene.deliveries())[0]).toMatchObject({state: 'failed', errorCode: 'sms_30003'});
});

test('nobody gets in without the secret, and a body that was altered does not', async () => {
  const {scene, app} = await sent('whatsapp');
  expect((await fromMeta(app, [{id: 'wamid.1', status: 'read'}], 'wrong')).status).toBe(401);
  const unsigned = {body: JSON.stringify({entry: []})};
  expect((await post(app, '/v1/webhooks/whatsapp', unsigned)).status).toBe(401);
  expect((await post(scene.world.app, '/v1/webhooks/whatsapp', unsigned)).status).toBe(404);
  expect(await stateOf(scene)).toBe('sent');
});

test('Meta is answered its challenge where it knows the word', async () => {
  const {app} = await sent('whatsapp');
  const ask = async (word: string) => {
    const query = new URLSearchParams({
      'hub.mode': 'subscribe',
      'hub.verify_token': word,
      'hub.challenge': '1158201444',
    });
    const path = `http://inside/v1/webhooks/whatsapp?${query.toString()}`;
    return app.fetch(new Request(path), '192.0.2.1');
  };
  expect(await (await ask('word')).text()).toBe('1158201444');
  expect((await ask(randomUUID())).status).toBe(404);
});

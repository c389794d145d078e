// Meta and Twilio as far as sending speaks with them: every field of a request is checked, and errors look as documented.
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {onTestFinished} from 'vitest';

/**
 * What the next request for a message is answered: an error; nothing, by hanging up, after or before it was taken; or
 * after it was let go on, which one that was held before it was taken never is.
 */
export type Trouble =
  {readonly status: number; readonly code: number} | 'silence' | 'silence before' | 'hold' | 'hold before';

export interface TakenMessage {
  readonly id: string;
  readonly to: string;
  readonly text: string;
  readonly deliveryId: string | null;
  readonly fileName: string | null;
}

export interface ProviderServer {
  readonly url: string;
  readonly messages: readonly TakenMessage[];
  /** What was wrong with requests; empty if all were as documented. */
  readonly faults: readonly string[];
  readonly troubleNext: (...troubles: Trouble[]) => void;
  /** Requests that asked for the list of messages. */
  readonly lookUps: () => number;
  /** Requests that were held so far. */
  readonly held: () => number;
  /** From now on the list of messages has this one as undelivered. */
  readonly fail: (id: string) => void;
  readonly letGoOn: () => void;
}

interface Desk {
  readonly messages: TakenMessage[];
  readonly faults: string[];
  readonly troubles: Trouble[];
  readonly waiting: (() => void)[];
  readonly failed: Set<string>;
  lookUps: number;
  held: number;
}

type Serve = (desk: Desk, request: IncomingMessage, body: Buffer) => Reply | 'silence' | Held;
/** The reply once it may go on; null: never. */
interface Held {
  readonly held: Reply | null;
}
interface Reply {
  readonly status: number;
  readonly body: unknown;
}

async function start(serve: Serve): Promise<ProviderServer> {
  const desk: Desk = {
    messages: [],
    faults: [],
    troubles: [],
    waiting: [],
    failed: new Set(),
    lookUps: 0,
    held: 0,
  };
  const server: Server = createServer((request, response) => {
    void answer(desk, serve, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const {port} = server.address() as {port: number};
  const {messages, faults, troubles, waiting} = desk;
  return {
    url: `http://127.0.0.1:${port}`,
    messages,
    faults,
    troubleNext: (...next) => void troubles.push(...next),
    lookUps: () => desk.lookUps,
    held: () => desk.held,
    fail: (id) => void desk.failed.add(id),
    letGoOn() {
      for (const goOn of waiting.splice(0)) goOn();
    },
  };
}

async function answer(
  desk: Desk,
  serve: Serve,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const reply = serve(desk, request, Buffer.concat(chunks));
  const send = ({status, body}: Reply): void => {
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
  };
  if (reply === 'silence') return void request.socket.destroy();
  if (!('held' in reply)) {
    send(reply);
    return;
  }
  desk.held++;
  const {held} = reply;
  if (held !== null) desk.waiting.push(() => send(held));
}

const expectThat = (desk: Desk, holds: boolean, fault: string): void => {
  if (!holds) desk.faults.push(fault);
};

export const META = {
  token: 'meta-token',
  phoneNumberId: '1055',
  apiVersion: 'v23.0',
  template: 'invoice_ready',
};

/** graph.facebook.com. */
export function startMeta(): Promise<ProviderServer> {
  const media = new Map<string, string>();
  return start((desk, request, body) => {
    const base = `/${META.apiVersion}/${META.phoneNumberId}`;
    expectThat(desk, request.method === 'POST', `method ${request.method}`);
    if (request.headers.authorization !== `Bearer ${META.token}`) return metaError(401, 190);
    if (request.url === `${base}/media`) {
      const form = body.toString('latin1');
      expectThat(desk, /name="messaging_product"\r\n\r\nwhatsapp\r\n/.test(form), 'media: messaging_product');
      expectThat(desk, /name="type"\r\n\r\napplication\/pdf\r\n/.test(form), 'media: type');
      expectThat(desk, /\r\nContent-Type: application\/pdf\r\n\r\n%PDF-/.test(form), 'media: file');
      const id = `media-${media.size + 1}`;
      media.set(id, /filename="([^"]+)"/.exec(form)?.[1] ?? '');
      return {status: 200, body: {id}};
    }
    expectThat(desk, request.url === `${base}/messages`, `path ${request.url}`);
    return takeTemplate(desk, media, JSON.parse(body.toString()) as Template);
  });
}

const metaError = (status: number, code: number): Reply => ({
  status,
  body: {error: {message: 'Refused', type: 'OAuthException', code, fbtrace_id: 'x'}},
});

interface Template {
  readonly messaging_product: string;
  readonly recipient_type: string;
  readonly to: string;
  readonly type: string;
  readonly biz_opaque_callback_data: string;
  readonly template: {
    readonly name: string;
    readonly language: {readonly code: string};
    readonly components: readonly {
      readonly type: string;
      readonly parameters: readonly {
        readonly type: string;
        readonly text?: string;
        readonly document?: {readonly id: string; readonly filename: string};
      }[];
    }[];
  };
}

/** What came of the trouble before anything was taken; undefined: it is taken. */
function beforeTaken(
  trouble: Trouble | undefined,
  refuse: (status: number, code: number) => Reply,
): Reply | 'silence' | Held | undefined {
  if (trouble === 'silence before') return 'silence';
  if (trouble === 'hold before') return {held: null};
  return typeof trouble === 'object' ? refuse(trouble.status, trouble.code) : undefined;
}

const afterTaken = (trouble: Trouble | undefined, reply: Reply): Reply | 'silence' | Held =>
  trouble === 'silence' ? 'silence' : trouble === 'hold' ? {held: reply} : reply;

function takeTemplate(desk: Desk, media: Map<string, string>, asked: Template): Reply | 'silence' | Held {
  const trouble = desk.troubles.shift();
  const refused = beforeTaken(trouble, metaError);
  if (refused !== undefined) return refused;
  const [header, body] = asked.template.components;
  const document = header?.parameters[0]?.document;
  expectThat(desk, asked.messaging_product === 'whatsapp' && asked.type === 'template', 'message: kind');
  expectThat(desk, asked.recipient_type === 'individual', 'message: recipient_type');
  expectThat(desk, /^\d{6,15}$/.test(asked.to), `message: to ${asked.to}`);
  expectThat(desk, asked.template.name === META.template, 'message: template');
  expectThat(desk, /^[a-z]{2}$/.test(asked.template.language.code), 'message: language');
  expectThat(
    desk,
    header?.type === 'header' && media.get(document?.id ?? '') === document?.filename,
    'message: document',
  );
  expectThat(desk, body?.type === 'body' && body.parameters.length === 4, 'message: parameters');
  const id = `wamid.${desk.messages.length + 1}`;
  const text = (body?.parameters ?? []).map((parameter) => parameter.text ?? '').join('|');
  const {to, biz_opaque_callback_data: deliveryId} = asked;
  desk.messages.push({id, to, text, deliveryId, fileName: document?.filename ?? null});
  return afterTaken(trouble, {
    status: 200,
    body: {messaging_product: 'whatsapp', contacts: [{input: to, wa_id: to}], messages: [{id}]},
  });
}

export const TWILIO = {accountSid: 'AC0123', authToken: 'twilio-token', from: '+15005550006'};

/** api.twilio.com. */
export function startTwilio(): Promise<ProviderServer> {
  const credentials = Buffer.from(`${TWILIO.accountSid}:${TWILIO.authToken}`).toString('base64');
  const path = `/2010-04-01/Accounts/${TWILIO.accountSid}/Messages.json`;
  return start((desk, request, body) => {
    const url = new URL(request.url ?? '', 'http://twilio');
    expectThat(desk, url.pathname === path, `path ${url.pathname}`);
    if (request.headers.authorization !== `Basic ${credentials}`) return twilioError(401, 20003);
    if (request.method === 'GET') {
      desk.lookUps++;
      const to = url.searchParams.get('To');
      const messages = desk.messages
        .filter((message) => message.to === to)
        // As of a trial account: what is listed is not to the letter what was asked for.
        .map(({id, text, to: number}) => ({
          sid: id,
          body: `Sent from your Twilio trial account - ${text}`,
          to: number,
          status: desk.failed.has(id) ? 'undelivered' : 'queued',
        }));
      return {status: 200, body: {messages, next_page_uri: null}};
    }
    const form = new URLSearchParams(body.toString());
    const trouble = desk.troubles.shift();
    const refused = beforeTaken(trouble, twilioError);
    if (refused !== undefined) return refused;
    expectThat(desk, request.headers['content-type'] === 'application/x-www-form-urlencoded', 'content type');
    expectThat(desk, form.get('From') === TWILIO.from, 'From');
    const callback = form.get('StatusCallback');
    const id = `SM${desk.messages.length + 1}`;
    const deliveryId = callback === null ? null : new URL(callback).searchParams.get('delivery');
    desk.messages.push({
      id,
      to: form.get('To') ?? '',
      text: form.get('Body') ?? '',
      deliveryId,
      fileName: null,
    });
    return afterTaken(trouble, {status: 201, body: {sid: id, status: 'queued', error_code: null}});
  });
}

const twilioError = (status: number, code: number): Reply => ({
  status,
  body: {code, message: 'Refused', more_info: `https://www.twilio.com/docs/errors/${code}`, status},
});

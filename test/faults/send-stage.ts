// The real server as a process of its own, sending an invoice to stand-ins of the three providers that live with the
// test: so the test knows what each has, and can kill the server at any point of a send.
import {randomUUID} from 'node:crypto';
import {mkdtemp} from 'node:fs/promises';
import {join} from 'node:path';
import {isDeepStrictEqual} from 'node:util';
import type pg from 'pg';
import {inject, onTestFinished, vi} from 'vitest';
import type {DeliveryJson, SendResponse} from '#crdt/protocol/deliveries.ts';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {startMailServer, type MailServer} from '#test/support/mail-server.ts';
import {META, startMeta, startTwilio, TWILIO, type ProviderServer} from '#test/support/provider-server.ts';
import {makeInvoice} from '#test/support/sending-scene.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {personOf, readAnswer, type Answer, type Person} from '#test/support/world.ts';
import {WAIT} from '#test/support/wait.ts';
import {startServerProcess, type ServerProcess} from './kill-server.ts';

export const channels = ['email', 'whatsapp', 'sms'] as const;
export const APP_SECRET = 'app-secret';

export interface SendStage {
  readonly mail: MailServer;
  readonly meta: ProviderServer;
  readonly twilio: ProviderServer;
  readonly owner: pg.Pool;
  readonly invoiceId: string;
  /** The server that runs now. */
  readonly url: () => string;
  /** Two devices of a manager press send in the same moment. Undefined: no answer came. */
  readonly press: () => Promise<(Answer<SendResponse> | undefined)[]>;
  readonly kill: () => Promise<void>;
  /** Leases end, and gaps between messages to one recipient. */
  readonly passTime: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly deliveries: () => Promise<DeliveryJson[]>;
  /** Waits until no attempt is due or under way, and the invoice shows it; state by channel. */
  readonly settled: () => Promise<Record<string, string>>;
  /** Waits until every provider was reached and held. */
  readonly held: () => Promise<void>;
  /** How many messages each provider has. */
  readonly counts: () => Record<(typeof channels)[number], number>;
  readonly freeze: (statement: string) => Promise<Freeze>;
}

/** A lock that the server runs into. */
export interface Freeze {
  /** Until so many connections wait for it. */
  readonly waiting: (count: number) => Promise<void>;
  readonly end: () => Promise<void>;
}

export async function setStage(): Promise<SendStage> {
  const [mail, meta, twilio] = [await startMailServer(), await startMeta(), await startTwilio()];
  const database = await createTestDatabase();
  onTestFinished(database.drop);
  const {owner} = database;
  const dataDir = await mkdtemp(join(inject('scratchFolder'), 'send-kill-'));
  const settings = {
    DATABASE_URL: database.url,
    LOG_LEVEL: 'info',
    SMTP_URL: mail.url,
    EMAIL_FROM: 'office@example.com',
    WHATSAPP_API_URL: meta.url,
    WHATSAPP_API_VERSION: META.apiVersion,
    WHATSAPP_TOKEN: META.token,
    WHATSAPP_PHONE_NUMBER_ID: META.phoneNumberId,
    WHATSAPP_APP_SECRET: APP_SECRET,
    TWILIO_API_URL: twilio.url,
    TWILIO_ACCOUNT_SID: TWILIO.accountSid,
    TWILIO_AUTH_TOKEN: TWILIO.authToken,
    TWILIO_FROM: TWILIO.from,
    PUBLIC_URL: 'https://api.example.com',
  };
  let server: ServerProcess = await startServerProcess(dataDir, settings);
  onTestFinished(() => server.kill());
  const manager = await newManager(() => server.url, dataDir);
  const {invoiceId} = await makeInvoice(manager);
  const presses = [manager, manager.onNewDevice()].map((person) => ({person, key: randomUUID()}));
  const deliveries: SendStage['deliveries'] = async () =>
    (await manager.get<{items: DeliveryJson[]}>(`/v1/invoices/${invoiceId}/deliveries`)).body.items;
  return {
    mail,
    meta,
    twilio,
    owner,
    invoiceId,
    url: () => server.url,
    press: () =>
      Promise.all(
        presses.map(({person, key}) =>
          person
            .post<SendResponse>(`/v1/invoices/${invoiceId}/send`, {channels}, {'idempotency-key': key})
            .catch(() => undefined),
        ),
      ),
    kill: () => server.kill(),
    async passTime() {
      await owner.query(
        `UPDATE deliveries SET attempted_at = attempted_at - interval '1 day',
           next_at = next_at - interval '1 day'`,
      );
    },
    async restart() {
      server = await startServerProcess(dataDir, settings);
    },
    deliveries,
    async settled() {
      const done = await vi.waitUntil(async () => {
        const all = await deliveries();
        return all.length > 0 && all.every(({state, nextAttemptAt}) => isOver(state, nextAttemptAt)) && all;
      }, WAIT);
      const states = Object.fromEntries(done.map(({channel, state}) => [channel, state]));
      const path = `/v1/finance-entries/${invoiceId}`;
      await vi.waitUntil(async () => {
        const {body} = await manager.get<{deliveries: Record<string, string> | null}>(path);
        return isDeepStrictEqual(body.deliveries, states);
      }, WAIT);
      return states;
    },
    async held() {
      await vi.waitUntil(() => [mail, meta, twilio].every((one) => one.held() === 1), WAIT);
    },
    counts: () => ({
      email: mail.mails.length,
      whatsapp: meta.messages.length,
      sms: twilio.messages.length,
    }),
    freeze: (statement) => freeze(owner, statement),
  };
}

const isOver = (state: string, nextAttemptAt: string | null): boolean =>
  state !== 'sending' && nextAttemptAt === null;

async function newManager(url: () => string, dataDir: string): Promise<Person> {
  const issuer = await openDevelopmentIssuer({dataDir, now: Date.now});
  const facts = {subject: `user_${randomUUID()}`, email: 'office@example.com'};
  const token = await issuer.issue({...facts, name: 'Office'});
  const ask = async <Body>(path: string, init?: RequestInit): Promise<Answer<Body>> =>
    readAnswer<Body>(await fetch(url() + path, init));
  const person = personOf(ask, {...facts, token, deviceId: randomUUID(), tenantId: null});
  const {body} = await person.post<{id: string}>('/v1/tenants', {name: 'Example Services'});
  return person.in(body.id);
}

async function freeze(owner: pg.Pool, statement: string): Promise<Freeze> {
  const client = await owner.connect();
  await client.query('BEGIN');
  await client.query(statement);
  const {rows} = await client.query<{pid: number}>('SELECT pg_backend_pid() AS pid');
  return {
    async waiting(count) {
      await vi.waitUntil(async () => {
        const found = await owner.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND $1 = ANY (pg_blocking_pids(pid))`,
          [rows[0]?.pid],
        );
        return (found.rowCount ?? 0) >= count;
      }, WAIT);
    },
    async end() {
      await client.query('ROLLBACK');
      client.release();
    },
  };
}

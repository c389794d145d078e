// An issued invoice of a client who can be reached every way, and a worker whose clock the test moves.
import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, beforeEach} from 'vitest';
import type {DeliveryJson, SendResponse} from '#crdt/protocol/deliveries.ts';
import type {Channels, DeliveredAs} from '#server/sending/deliver.ts';
import {printDocument} from '#server/invoices/pdf.ts';
import {deliverNext, type WorkerDeps} from '#server/sending/worker.ts';
import {createWorld, type Answer, type Person, type World} from './world.ts';

export const PUBLIC_URL = 'https://api.example.com';

export interface Scene {
  readonly world: World;
  readonly manager: Person & {readonly tenantId: string};
  readonly clientId: string;
  readonly invoiceId: string;
  /** Attempts at all that is due, and what each came to. */
  readonly work: (channels: Channels) => Promise<DeliveredAs[]>;
  readonly worker: (channels: Channels) => WorkerDeps;
  readonly pass: (ms: number) => void;
  readonly send: (
    channels: readonly string[],
    from?: Person,
    headers?: Record<string, string>,
  ) => Promise<Answer<SendResponse>>;
  readonly deliveries: () => Promise<DeliveryJson[]>;
  readonly status: () => Promise<unknown>;
}

const yes = {optedIn: true, at: '2026-01-01T00:00:00.000Z'};
export const everyConsent = {consentEmail: yes, consentWhatsapp: yes, consentSms: yes};

/**
 * Sets scenes in one world for all tests of a file: called once, outside of them. Each scene has a tenant of its own, but
 * workers take what is due of whichever tenant, and the providers of each test name its messages and reports anew: so every
 * test begins with none.
 */
export function shareWorld(): (client?: object) => Promise<Scene> {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());
  beforeEach(() => world.database.owner.query('TRUNCATE deliveries, webhook_events'));
  return (client) => sceneIn(world, client);
}

/** A client who can be reached, and an invoice for them, issued. */
export async function makeInvoice(
  manager: Person,
  client: object = everyConsent,
): Promise<{clientId: string; invoiceId: string}> {
  const [clientId, invoiceId] = [randomUUID(), randomUUID()];
  await manager.push([
    {
      entity: 'clients',
      entityId: clientId,
      payload: {
        kind: 'person',
        displayName: 'Erika Muster',
        email: 'erika@example.com',
        phone: '+4915112345678',
        whatsapp: '+4915112345679',
        language: 'de',
        ...client,
      },
    },
    {
      entity: 'finance_entries',
      entityId: invoiceId,
      payload: {
        kind: 'invoice',
        clientId,
        status: 'issued',
        currency: 'EUR',
        issueDate: '2026-03-01',
        dueDate: '2026-03-15',
        lineItems: [{id: 'one', description: 'Boiler service', quantityMilli: 1_000, unitPriceMinor: 12_345}],
      },
    },
  ]);
  return {clientId, invoiceId};
}

export async function sceneIn(world: World, client: object = everyConsent): Promise<Scene> {
  const manager = await world.newManager('Example Services');
  const {clientId, invoiceId} = await makeInvoice(manager, client);
  let passed = 0;
  const worker = (channels: Channels): WorkerDeps => ({
    ...world.service,
    channels,
    print: printDocument,
    publicUrl: PUBLIC_URL,
    now: () => Date.now() + passed,
    random: () => 0,
    onAttempt: () => undefined,
    onFault: (error) => {
      throw error;
    },
  });
  return {
    world,
    manager,
    clientId,
    invoiceId,
    worker,
    async work(channels) {
      const outcomes: DeliveredAs[] = [];
      for (;;) {
        const outcome = await deliverNext(worker(channels));
        if (outcome === null) return outcomes;
        outcomes.push(outcome);
      }
    },
    pass: (ms) => void (passed += ms),
    send: (channels, from = manager, headers = {}) =>
      from.post(`/v1/invoices/${invoiceId}/send`, {channels}, headers),
    deliveries: async () =>
      (await manager.get<{items: DeliveryJson[]}>(`/v1/invoices/${invoiceId}/deliveries`)).body.items,
    status: async () => (await manager.get<{status: string}>(`/v1/finance-entries/${invoiceId}`)).body.status,
  };
}

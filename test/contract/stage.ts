// A tenant as the documents tell of it: Maria manages it, Ben works there and has a task, Dana has none, Chris is
// invited. Everything is done over REST. Each example gets a stage of its own.
import {randomUUID} from 'node:crypto';
import type {PushResult} from '#crdt/protocol/push.ts';
import type {Person, World} from '../support/world.ts';
import {printDocument} from '#server/invoices/pdf.ts';
import {deliverNext} from '#server/sending/worker.ts';
import {BASE_CURSOR, emails, givenIds, LINK_TOKEN, recordIds} from './names.ts';

export interface Stage {
  readonly maria: Person;
  readonly ben: Person;
  /** A member, but neither Ben's task nor what hangs on it is in her scope. */
  readonly dana: Person;
  /** Invited, and no member yet. */
  readonly chris: Person;
  /** Manager of another tenant. */
  readonly outsider: Person;
  /** The text that is true here, by the text that stands for it in documents. */
  readonly actual: ReadonlyMap<string, string>;
}

const EARLIER = '2026-03-02T08:00:00.000Z';
const THEN = '2026-03-02T08:30:00.000Z';
const LATER = '2026-03-02T08:45:00.000Z';

export async function setStage(world: World): Promise<Stage> {
  const outsider = await world.newManager('Somebody Else Ltd');
  const owner = await world.newManager('Example Services');
  const {tenantId} = owner;
  await owner.push(records);
  const ben = await employ(world, owner, {name: 'Ben Example', employeeId: recordIds.bensEmployee});
  const dana = await employ(world, owner, {name: 'Dana Example', employeeId: recordIds.danasEmployee});
  await owner.push(work);
  const messages = await sendOut(world, owner);
  await addPhotos(world, owner);
  const tablet = owner.onNewDevice();
  const base = (await tablet.pull()).nextCursor;
  const conflict = await overwrite(owner, tablet, base);
  const kept = await keep(owner, dana);
  const chris = await world.newPerson('Chris Example');
  const invitation = await expectOk<{id: string}>(
    owner.post(`/v1/tenants/${tenantId}/invite`, {email: chris.email, role: 'employee'}),
  );
  const idOf = async (person: Person): Promise<string> =>
    (await expectOk<{id: string}>(person.in(null).get('/v1/me'))).id;
  const actual = new Map<string, string>([
    [givenIds.tenant, tenantId],
    [givenIds.otherTenant, outsider.tenantId],
    [givenIds.maria, await idOf(owner)],
    [givenIds.ben, await idOf(ben)],
    [givenIds.dana, await idOf(dana)],
    [givenIds.chris, await idOf(chris)],
    [givenIds.mariasPhone, owner.deviceId],
    [givenIds.mariasTablet, tablet.deviceId],
    [givenIds.bensPhone, ben.deviceId],
    [givenIds.danasPhone, dana.deviceId],
    [givenIds.chrisPhone, chris.deviceId],
    [givenIds.invitation, invitation.id],
    [givenIds.conflict, conflict],
    [givenIds.kept, kept],
    [givenIds.failedDelivery, messages.failedDelivery],
    [givenIds.localMessage, messages.localMessage],
    [LINK_TOKEN, messages.linkToken],
    [emails.maria, owner.email],
    [emails.ben, ben.email],
    [emails.dana, dana.email],
    [emails.chris, chris.email],
    [BASE_CURSOR, base],
  ]);
  return {maria: owner, ben, dana, chris, outsider, actual};
}

const make = (entity: string, entityId: string, payload: object, clientUpdatedAt = EARLIER) => ({
  entity,
  entityId,
  payload,
  clientUpdatedAt,
});

const records = [
  make('teams', recordIds.teams, {name: 'North', active: true}),
  make('service_types', recordIds.serviceTypes, {name: 'Boiler service', defaultDurationMin: 90}),
  make('clients', recordIds.clients, {
    kind: 'person',
    displayName: 'Erika Muster',
    status: 'active',
    phone: '+4915112345678',
  }),
  make('employees', recordIds.bensEmployee, {
    displayName: 'Ben Example',
    jobTitle: 'Fitter',
    employmentStatus: 'active',
  }),
  make('employees', recordIds.danasEmployee, {displayName: 'Dana Example'}),
  make('employees', recordIds.evesEmployee, {displayName: 'Eve Example'}),
];

const work = [
  make('tasks', recordIds.tasks, {
    title: 'Fix the pump',
    clientId: recordIds.clients,
    employeeId: recordIds.bensEmployee,
    serviceTypeId: recordIds.serviceTypes,
    status: 'scheduled',
    priority: 'high',
    notes: 'The key is with the neighbour.',
  }),
  make('finance_entries', recordIds.expense, {
    kind: 'expense',
    employeeId: recordIds.bensEmployee,
    status: 'submitted',
    currency: 'EUR',
    amountMinor: 1_250,
    vendor: 'Pipes & Co',
  }),
  make('finance_entries', recordIds.invoice, {
    kind: 'invoice',
    clientId: recordIds.clients,
    status: 'issued',
    currency: 'EUR',
    issueDate: '2026-03-01',
    amountMinor: 9_900,
  }),
  make('tasks', recordIds.deletedTask, {title: 'Entered twice'}),
  {entity: 'tasks', entityId: recordIds.deletedTask, op: 'delete', clientUpdatedAt: THEN},
];

async function employ(
  world: World,
  manager: Person,
  {name, employeeId}: {name: string; employeeId: string},
): Promise<Person> {
  const person = await world.newPerson(name);
  const path = `/v1/tenants/${manager.tenantId}`;
  await expectOk(manager.post(`${path}/invite`, {email: person.email, role: 'employee', employeeId}));
  await expectOk(person.post(`${path}/activate`, {deviceId: person.deviceId}));
  return person.in(manager.tenantId);
}

/** Phone and tablet set the same task's priority without knowing of each other. Answers the conflict's id. */
async function overwrite(phone: Person, tablet: Person, base: string): Promise<string> {
  const change = (priority: string, clientUpdatedAt: string) => ({
    ...make('tasks', recordIds.tasks, {priority}, clientUpdatedAt),
    base,
    changeId: randomUUID(),
  });
  await phone.push([change('low', THEN)]);
  const [result]: readonly (PushResult | undefined)[] = await tablet.push([change('urgent', LATER)]);
  const id = result?.conflicts?.[0]?.id;
  if (id === undefined) throw new Error('The stage has no conflict.');
  return id;
}

/** Dana did some of Ben's task before it was his. Answers the id of what was kept of that. */
async function keep(owner: Person, dana: Person): Promise<string> {
  const done = {status: 'in_progress', notes: {append: 'The valve is stuck.'}};
  await dana.push([make('tasks', recordIds.tasks, done, LATER)]);
  const {items} = await expectOk<{items: {id: string}[]}>(owner.get('/v1/quarantine'));
  const id = items[0]?.id;
  if (id === undefined) throw new Error('The stage has no kept change.');
  return id;
}

/** An invoice by mail, which the mail server refuses, and by SMS, for which there is no provider. */
async function sendOut(
  world: World,
  owner: Person,
): Promise<{failedDelivery: string; localMessage: string; linkToken: string}> {
  await owner.push(bills);
  const {deliveries} = await expectOk<{deliveries: {id: string}[]}>(
    owner.post(`/v1/invoices/${recordIds.sentInvoice}/send`, {channels: ['email', 'sms']}),
  );
  const deps = {
    ...world.service,
    channels: {email: {send: () => Promise.resolve({kind: 'refused', code: 'email_550'} as const)}},
    publicUrl: 'https://api.example.com',
    print: printDocument,
    random: () => 0,
    onAttempt: () => undefined,
    onFault: () => undefined,
  };
  while ((await deliverNext(deps)) !== null);
  const {items} = await expectOk<{items: {text: string}[]}>(owner.get('/v1/outbox'));
  const linkToken = /[\w-]+$/.exec(items[0]?.text ?? '')?.[0] ?? '';
  const [failed, local] = deliveries;
  if (failed === undefined || local === undefined) throw new Error('The stage has no messages.');
  return {failedDelivery: failed.id, localMessage: local.id, linkToken};
}

const bill = {
  kind: 'invoice',
  clientId: recordIds.payer,
  status: 'issued',
  currency: 'EUR',
  issueDate: '2026-03-01',
  dueDate: '2026-03-15',
  lineItems: [
    {
      id: '00000000-0000-4000-8000-0000000000b3',
      description: 'Boiler service',
      quantityMilli: 1_000,
      unitPriceMinor: 12_345,
    },
  ],
};

const agreed = {optedIn: true, at: EARLIER};
const bills = [
  make('clients', recordIds.payer, {
    kind: 'company',
    displayName: 'Muster Bakery',
    email: 'office@bakery.example.com',
    phone: '+4915112345670',
    consentSms: agreed,
    status: 'active',
  }),
  make('finance_entries', recordIds.sentInvoice, bill),
  make('finance_entries', recordIds.unsentInvoice, bill),
];

/** Two photos of Ben's task: of one the server was told that it is uploaded. */
async function addPhotos(world: World, owner: Person): Promise<void> {
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 0xd9]);
  const photo = {kind: 'photo', fileName: 'pump.jpg', mimeType: 'image/jpeg', sizeBytes: bytes.length};
  for (const id of [recordIds.photo, recordIds.waitingPhoto]) {
    const request = {id, ownerType: 'tasks', ownerId: recordIds.tasks, ...photo};
    const {url, headers} = await expectOk<{url: string; headers: Record<string, string>}>(
      owner.post('/v1/attachments/presign', request),
    );
    await expectOk(
      world.ask(new URL(url).pathname + new URL(url).search, {method: 'PUT', headers, body: bytes}),
    );
  }
  await expectOk(owner.post('/v1/attachments/complete', {id: recordIds.photo}));
}

async function expectOk<Body>(asked: Promise<{status: number; body: unknown}>): Promise<Body> {
  const {status, body} = await asked;
  if (status >= 300) throw new Error(`The stage could not be set: ${status} ${JSON.stringify(body)}`);
  return body as Body;
}

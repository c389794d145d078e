// Who is answered what, by endpoint and by frame. A route without a row fails the build, and every cell is asked of a real
// server: authorization.pg.test.ts. docs/generated/authorization.md is printed from it.
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import type {DeviceFrame} from '#crdt/protocol/frame.ts';

/**
 * `ok`: done. `hidden`: done, but as if what is asked about did not exist. `lost`: nothing is sent before the connection
 * is welcomed, so it ends with `bad_frame`. Else the code of the refusal; of a push, the code of the change's result.
 */
export type Cell = 'ok' | 'hidden' | 'lost' | ErrorCode;

/**
 * What is asked about belongs to Ben's task: the task, its client, his expense, he himself. otherTenant: somebody who is
 * signed in, is a member of another tenant, and names this one. outOfScope: an employee whom none of it concerns.
 * inScope: Ben. A row where scope makes no difference has the same for both.
 */
export interface Row {
  readonly anonymous: Cell;
  readonly expired: Cell;
  readonly pending: Cell;
  readonly otherTenant: Cell;
  readonly outOfScope: Cell;
  readonly inScope: Cell;
  readonly manager: Cell;
}

type Inside = Pick<Row, 'outOfScope' | 'inScope' | 'manager'>;

const strangers = {
  anonymous: 'unauthenticated',
  expired: 'token_expired',
  pending: 'session_pending',
  otherTenant: 'no_membership',
} as const;

const everybody = (cell: Cell): Row => ({
  anonymous: cell,
  expired: cell,
  pending: cell,
  otherTenant: cell,
  outOfScope: cell,
  inScope: cell,
  manager: cell,
});

/** Managers may do all that members may. */
const members = (outOfScope: Cell, inScope: Cell): Row => ({
  ...strangers,
  outOfScope,
  inScope,
  manager: 'ok',
});
const everyMember = members('ok', 'ok');
const managersOnly = members('forbidden', 'forbidden');
const signedIn = (otherTenant: Cell): Row => ({...everyMember, otherTenant});

/** Out of scope, and in scope. */
type Employees = readonly [Cell, Cell];

interface RecordRules {
  readonly list: Employees;
  readonly read: Employees;
  readonly create: Employees;
  readonly patch: Employees;
  /** Deleting and restoring. */
  readonly remove: Employees;
}

const recordRows = (path: string, rules: RecordRules): Record<string, Row> => ({
  [`GET ${path}`]: members(...rules.list),
  [`POST ${path}`]: members(...rules.create),
  [`GET ${path}/{id}`]: members(...rules.read),
  [`PATCH ${path}/{id}`]: members(...rules.patch),
  [`DELETE ${path}/{id}`]: members(...rules.remove),
  [`POST ${path}/{id}/restore`]: members(...rules.remove),
  [`GET ${path}/{id}/history`]: managersOnly,
});

const narrowed = {list: ['hidden', 'ok'], read: ['not_found', 'ok']} as const;

/** Employees see all of them and write none. */
const shared: RecordRules = {
  list: ['ok', 'ok'],
  read: ['ok', 'ok'],
  create: ['forbidden', 'forbidden'],
  patch: ['forbidden_field', 'forbidden_field'],
  remove: ['forbidden_field', 'forbidden_field'],
};

/** By method and path. */
export const authorization: Readonly<Record<string, Row>> = {
  'GET /healthz': everybody('ok'),
  'GET /readyz': everybody('ok'),
  'GET /metrics': everybody('ok'),
  'GET /v1/openapi.yaml': everybody('ok'),
  // Only a signature lets in; here nobody signs.
  'POST /v1/webhooks/clerk': everybody('bad_request'),
  'GET /v1/webhooks/whatsapp': everybody('not_found'),
  'POST /v1/webhooks/whatsapp': everybody('bad_signature'),
  'POST /v1/webhooks/twilio': everybody('bad_signature'),
  // Whoever was sent the link has it.
  'GET /v1/i/{token}': everybody('ok'),

  'GET /v1/me': everyMember,
  'GET /v1/tenants': signedIn('hidden'),
  'POST /v1/tenants': signedIn('ok'),
  'POST /v1/tenants/{id}/activate': everyMember,
  'POST /v1/tenants/{id}/invite': managersOnly,
  'GET /v1/tenants/{id}/invitations': managersOnly,
  'POST /v1/tenants/{id}/invitations/{invitationId}/resend': managersOnly,
  'DELETE /v1/tenants/{id}/invitations/{invitationId}': managersOnly,
  'GET /v1/tenants/{id}/members': managersOnly,
  'PATCH /v1/tenants/{id}/members/{userId}': managersOnly,
  // Of Ben, who may leave.
  'DELETE /v1/tenants/{id}/members/{userId}': members('forbidden', 'ok'),
  'GET /v1/devices': everyMember,
  // A manager's.
  'DELETE /v1/devices/{id}': members('not_found', 'not_found'),
  'GET /v1/directory': everyMember,

  'POST /v1/sync/push': members('out_of_scope', 'ok'),
  'GET /v1/sync/pull': members('hidden', 'ok'),
  'GET /v1/conflicts': managersOnly,
  'POST /v1/conflicts/{id}/resolve': managersOnly,
  'GET /v1/quarantine': managersOnly,
  'GET /v1/quarantine/{id}': managersOnly,
  'POST /v1/quarantine/{id}/apply': managersOnly,
  'POST /v1/quarantine/{id}/discard': managersOnly,
  // Of Ben's task.
  'POST /v1/attachments/presign': members('not_found', 'ok'),
  'POST /v1/attachments/complete': members('not_found', 'ok'),
  'GET /v1/attachments/{id}/presign': members('not_found', 'ok'),
  'DELETE /v1/attachments/{id}': members('not_found', 'ok'),
  'GET /v1/audit': managersOnly,
  'GET /v1/invoices/{id}/pdf': managersOnly,

  'POST /v1/invoices/{id}/send': managersOnly,
  'GET /v1/invoices/{id}/deliveries': managersOnly,
  'GET /v1/invoices/{id}/preview': managersOnly,
  'POST /v1/deliveries/{id}/retry': managersOnly,
  'GET /v1/outbox': managersOnly,
  'GET /v1/outbox/{id}/document': managersOnly,

  ...recordRows('/v1/clients', {
    ...narrowed,
    create: ['forbidden', 'forbidden'],
    patch: ['not_found', 'ok'],
    remove: ['not_found', 'forbidden_field'],
  }),
  ...recordRows('/v1/employees', {
    ...narrowed,
    create: ['forbidden', 'forbidden'],
    patch: ['not_found', 'ok'],
    remove: ['not_found', 'forbidden_field'],
  }),
  ...recordRows('/v1/teams', shared),
  ...recordRows('/v1/service-types', shared),
  // Made for oneself, naming the client: who has no task of that client cannot name it.
  ...recordRows('/v1/tasks', {
    ...narrowed,
    create: ['out_of_scope', 'ok'],
    patch: ['not_found', 'ok'],
    remove: ['not_found', 'forbidden_field'],
  }),
  // Expenses of one's own, naming the task.
  ...recordRows('/v1/finance-entries', {
    ...narrowed,
    create: ['out_of_scope', 'ok'],
    patch: ['not_found', 'ok'],
    remove: ['not_found', 'forbidden_field'],
  }),
};

const unwelcomed = {anonymous: 'lost', expired: 'lost', pending: 'lost', otherTenant: 'lost'} as const;
const welcomed = (inside: Inside): Row => ({...unwelcomed, ...inside});

/** By frame of a device; `room` is a room for a stock provider, asked for at once when it opens. */
export const frameAuthorization: Readonly<Record<DeviceFrame['kind'] | 'room', Row>> = {
  hello: everyMember,
  update: welcomed({outOfScope: 'out_of_scope', inScope: 'ok', manager: 'ok'}),
  'sync-step-1': welcomed({outOfScope: 'hidden', inScope: 'ok', manager: 'ok'}),
  // On a welcomed connection, with the token of the one named.
  token: {...everyMember, otherTenant: 'no_membership'},
  ping: welcomed({outOfScope: 'ok', inScope: 'ok', manager: 'ok'}),
  room: members('hidden', 'ok'),
};

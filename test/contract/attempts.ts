// What each kind of caller sends to each endpoint: the example, but for employees what employees would send.
import type {Row} from '#server/rest/authorization.ts';
import type {Example} from './example.ts';
import {examples} from './examples.ts';
import {givenIds, recordIds} from './names.ts';

type Insider = 'outOfScope' | 'inScope';

interface Employed {
  readonly device: string;
  readonly employeeId: string;
}

const employed: Readonly<Record<Insider, Employed>> = {
  outOfScope: {device: givenIds.danasPhone, employeeId: recordIds.danasEmployee},
  inScope: {device: givenIds.bensPhone, employeeId: recordIds.bensEmployee},
};

type Bodies = Readonly<Record<string, (by: Employed) => object>>;

/** Of employees, by operation. */
const bodies: Bodies = {
  'POST /v1/tenants/{id}/activate': ({device}) => ({deviceId: device}),
  'POST /v1/sync/push': ({device}) => ({
    deviceId: device,
    changes: [
      {
        op: 'upsert',
        entity: 'tasks',
        entityId: recordIds.tasks,
        clientUpdatedAt: '2026-03-02T08:50:00.000Z',
        payload: {status: 'in_progress'},
      },
    ],
  }),
  'PATCH /v1/clients/{id}': () => ({notes: {append: 'Call before noon.'}}),
  'PATCH /v1/employees/{id}': () => ({color: '#FF8800'}),
  'POST /v1/tasks': ({employeeId}) => ({title: 'Come back', employeeId, clientId: recordIds.clients}),
  'POST /v1/finance-entries': ({employeeId}) => ({
    kind: 'expense',
    status: 'draft',
    employeeId,
    taskId: recordIds.tasks,
    currency: 'EUR',
    amountMinor: 900,
  }),
  'PATCH /v1/finance-entries/{id}': () => ({amountMinor: 1_300}),
};

export function attemptOf(operation: string, column: keyof Row): Example {
  // A cursor is good for who was given it.
  if (operation === 'GET /v1/sync/pull') return {};
  const [{params = {}, query = {}, body} = {}] = Object.values<Example | undefined>(
    examples[operation] ?? {},
  );
  const isEmployee = column === 'outOfScope' || column === 'inScope';
  const own = isEmployee ? bodies[operation]?.(employed[column]) : undefined;
  return {params, query, body: own ?? onOwnDevice(body, column)};
}

/** A device belongs to its user: who is not the example's names none, or a new one. */
function onOwnDevice(body: unknown, column: keyof Row): unknown {
  const {deviceId, ...others} = (body ?? {}) as {deviceId?: string};
  const isOwn = deviceId === undefined || (column === 'manager' && deviceId === givenIds.mariasTablet);
  if (isOwn) return body;
  return 'changes' in others ? {...others, deviceId: recordIds.fresh} : others;
}

/** What `hidden` hides, by operation. */
export function subjectOf(operation: string): string {
  const path = operation.split(' ')[1] ?? '';
  if (path.startsWith('/v1/tenants')) return givenIds.tenant;
  if (path.startsWith('/v1/clients')) return recordIds.clients;
  if (path.startsWith('/v1/employees')) return recordIds.bensEmployee;
  if (path.startsWith('/v1/finance-entries')) return recordIds.expense;
  return recordIds.tasks;
}

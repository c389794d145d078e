// Examples of the routes that every entity has. What is sent differs by entity.
import {recordIds} from './names.ts';
import type {Examples} from './example.ts';

interface Sample {
  /** A record that the stage has. */
  readonly id: string;
  readonly query: Readonly<Record<string, string>>;
  readonly created: object;
  readonly patch: object;
}

const samples: Readonly<Record<string, Sample>> = {
  clients: {
    id: recordIds.clients,
    query: {status: 'active,lead', sort: '-createdAt'},
    created: {
      kind: 'company',
      displayName: 'Muster Bakery',
      email: 'office@example.com',
      billingAddress: {line1: 'Hauptstraße 1', city: 'Köln', postalCode: '50667', country: 'DE'},
      tags: ['vip'],
    },
    patch: {phone: '+4915112345679', notes: {append: 'Call before noon.'}},
  },
  employees: {
    id: recordIds.bensEmployee,
    query: {employmentStatus: 'active'},
    created: {displayName: 'Eve Example', jobTitle: 'Electrician', teamIds: [recordIds.teams]},
    patch: {color: '#FF8800', teamIds: [recordIds.teams]},
  },
  teams: {
    id: recordIds.teams,
    query: {active: 'true'},
    created: {name: 'South', color: '#00AAFF'},
    patch: {description: 'Everything north of the river.'},
  },
  service_types: {
    id: recordIds.serviceTypes,
    query: {q: 'boiler'},
    created: {
      name: 'Chimney sweep',
      defaultPriceMinor: 8_900,
      currency: 'EUR',
      checklistTemplate: [{id: '00000000-0000-4000-8000-0000000000b1', title: 'Cover the floor'}],
    },
    patch: {taxRateBps: 1_900},
  },
  tasks: {
    id: recordIds.tasks,
    query: {status: 'scheduled,in_progress', clientId: recordIds.clients},
    created: {
      title: 'Replace the valve',
      clientId: recordIds.clients,
      employeeId: recordIds.bensEmployee,
      status: 'scheduled',
      schedule: {
        start: '2026-03-05T08:00:00.000Z',
        end: '2026-03-05T10:00:00.000Z',
        timezone: 'Europe/Berlin',
      },
    },
    patch: {status: 'in_progress', startedAt: '2026-03-02T08:55:00.000Z'},
  },
  finance_entries: {
    id: recordIds.expense,
    query: {kind: 'expense', employeeId: recordIds.bensEmployee},
    created: {
      kind: 'invoice',
      clientId: recordIds.clients,
      status: 'draft',
      currency: 'EUR',
      lineItems: [
        {
          id: '00000000-0000-4000-8000-0000000000b2',
          description: 'Valve, fitted',
          quantityMilli: 1_000,
          unitPriceMinor: 12_900,
          taxRateBps: 1_900,
        },
      ],
    },
    patch: {status: 'approved'},
  },
};

const KEY = '00000000-0000-4000-8000-0000000000d1';

export function recordExamples(entity: string, path: string): Readonly<Record<string, Examples>> {
  const sample = samples[entity];
  if (sample === undefined) return {};
  const {id, query, created, patch} = sample;
  const params = {id};
  return {
    [`GET ${path}`]: {Narrowed: {query: {...query, limit: '2'}}},
    [`POST ${path}`]: {Made: {headers: {'Idempotency-Key': KEY}, body: {id: recordIds.fresh, ...created}}},
    [`GET ${path}/{id}`]: {One: {params}},
    [`PATCH ${path}/{id}`]: {
      Changed: {params, headers: {'If-Match': '*', 'Idempotency-Key': KEY}, body: patch},
    },
    [`DELETE ${path}/{id}`]: {Deleted: {params, headers: {'Idempotency-Key': KEY}}},
    [`POST ${path}/{id}/restore`]: {Restored: {params}},
    [`GET ${path}/{id}/history`]: {Latest: {params, query: {limit: '2'}}},
  };
}

// An example of every operation: who asks for what. What is answered is written down in answers.json by
// `RECORD=1 npx vitest run test/docs/openapi`; both go into docs/backend-openapi.yaml.
import {entities} from '#crdt/entities/registry.ts';
import {recordsPath} from '#crdt/protocol/records.ts';
import type {Examples} from './example.ts';
import {BASE_CURSOR, givenIds, LINK_TOKEN, recordIds} from './names.ts';
import {recordExamples} from './record-examples.ts';

const tenant = {id: givenIds.tenant};

const ofPeople: Readonly<Record<string, Examples>> = {
  'GET /v1/me': {'On a phone': {}},
  'GET /v1/tenants': {Mine: {query: {limit: '10'}}},
  'POST /v1/tenants': {'A second business': {body: {name: 'Example Gardens'}}},
  'POST /v1/tenants/{id}/invite': {
    'A new employee': {params: tenant, body: {email: 'finn@example.com', role: 'employee'}},
    'For an employee record': {
      params: tenant,
      body: {email: 'eve@example.com', role: 'employee', employeeId: recordIds.evesEmployee},
    },
  },
  'POST /v1/tenants/{id}/activate': {
    'By verified address': {as: 'chris', params: tenant, body: {deviceId: givenIds.chrisPhone}},
  },
  'GET /v1/tenants/{id}/members': {Active: {params: tenant, query: {status: 'active'}}},
  'PATCH /v1/tenants/{id}/members/{userId}': {
    'Made a manager': {params: {...tenant, userId: givenIds.ben}, body: {role: 'manager'}},
  },
  'DELETE /v1/tenants/{id}/members/{userId}': {
    Removed: {params: {...tenant, userId: givenIds.ben}},
    'Leaving oneself': {as: 'dana', params: {...tenant, userId: givenIds.dana}},
  },
  'GET /v1/tenants/{id}/invitations': {Pending: {params: tenant, query: {status: 'pending'}}},
  'POST /v1/tenants/{id}/invitations/{invitationId}/resend': {
    Again: {params: {...tenant, invitationId: givenIds.invitation}},
  },
  'DELETE /v1/tenants/{id}/invitations/{invitationId}': {
    Withdrawn: {params: {...tenant, invitationId: givenIds.invitation}},
  },
  'GET /v1/devices': {"One's own": {}, "Everybody's": {query: {all: 'true'}}},
  'DELETE /v1/devices/{id}': {'A lost tablet': {params: {id: givenIds.mariasTablet}}},
  'GET /v1/directory': {Colleagues: {as: 'ben'}},
};

const CLIENT_UPDATED_AT = '2026-03-02T08:50:00.000Z';

const change = (payload: object, more: object = {}) => ({
  deviceId: givenIds.mariasTablet,
  deviceTime: '2026-03-02T09:00:00.000Z',
  changes: [
    {
      changeId: '00000000-0000-4000-8000-0000000000c1',
      op: 'upsert',
      entity: 'tasks',
      entityId: recordIds.tasks,
      clientUpdatedAt: CLIENT_UPDATED_AT,
      payload,
      ...more,
    },
  ],
});

/** `fields.title` set to `[at, "New pump"]` in a new document, by the Yjs client 7. */
const yjsUpdate = 'AQEHACgBBmZpZWxkcwV0aXRsZQF1AntCecrb1ywAAHcITmV3IHB1bXAA';

const ofSync: Readonly<Record<string, Examples>> = {
  'POST /v1/sync/push': {
    'An edit of what the device had read': {body: change({title: 'Fix both pumps'}, {base: BASE_CURSOR})},
    'An overwrite, told as a warning': {
      body: {
        ...change({priority: 'normal'}, {base: BASE_CURSOR}),
        deviceId: givenIds.mariasPhone,
      },
    },
    'A bad change beside a good one': {
      body: {
        deviceId: givenIds.mariasTablet,
        changes: [
          ...change({status: 'asleep'}).changes,
          {
            ...change({title: 'Bleed the radiators'}).changes[0],
            changeId: '00000000-0000-4000-8000-0000000000c2',
            entityId: recordIds.fresh,
          },
        ],
      },
    },
    'A Yjs update': {
      body: {
        ...change({}),
        clientId: 7,
        changes: [{...change({}).changes[0], entityId: recordIds.fresh, payload: yjsUpdate, encoding: 'yjs'}],
      },
    },
    'A repeat': {
      body: {
        ...change({}),
        changes: [...change({priority: 'low'}).changes, ...change({priority: 'low'}).changes],
      },
    },
  },
  'GET /v1/sync/pull': {
    'What is new': {query: {since: BASE_CURSOR, limit: '100'}},
    'As Yjs documents': {as: 'ben', query: {encoding: 'yjs', limit: '1'}},
  },
};

const ofFiles: Readonly<Record<string, Examples>> = {
  'POST /v1/attachments/presign': {
    'A photo of a task': {
      body: {
        id: recordIds.fresh,
        ownerType: 'tasks',
        ownerId: recordIds.tasks,
        kind: 'photo',
        fileName: 'pump.jpg',
        mimeType: 'image/jpeg',
        sizeBytes: 48_213,
      },
    },
  },
  'POST /v1/attachments/complete': {Uploaded: {body: {id: recordIds.waitingPhoto}}},
  'GET /v1/attachments/{id}/presign': {'On a phone': {params: {id: recordIds.photo}}},
  'DELETE /v1/attachments/{id}': {Deleted: {params: {id: recordIds.photo}}},
};

const ofManagers: Readonly<Record<string, Examples>> = {
  'GET /v1/conflicts': {Open: {query: {status: 'open'}}},
  'POST /v1/conflicts/{id}/resolve': {
    'Let it stand': {params: {id: givenIds.conflict}, body: {resolution: 'keep', note: 'Urgent it is.'}},
    'Take it back': {params: {id: givenIds.conflict}, body: {resolution: 'restore'}},
    'A value of their own': {
      params: {id: givenIds.conflict},
      body: {resolution: 'restore', fields: {priority: 'normal'}},
    },
  },
  'GET /v1/quarantine': {Waiting: {query: {status: 'open'}}},
  'GET /v1/quarantine/{id}': {One: {params: {id: givenIds.kept}}},
  'POST /v1/quarantine/{id}/apply': {'Let it in': {params: {id: givenIds.kept}}},
  'POST /v1/quarantine/{id}/discard': {
    'It was done twice': {params: {id: givenIds.kept}, body: {note: 'Ben did it himself.'}},
  },
  'GET /v1/invoices/{id}/pdf': {Issued: {params: {id: recordIds.invoice}}},
  'GET /v1/audit': {'From a moment on': {query: {since: '2026-03-01T00:00:00.000Z', limit: '3'}}},
};

const ofMessages: Readonly<Record<string, Examples>> = {
  'POST /v1/invoices/{id}/send': {
    'By mail, and by WhatsApp, which the client did not agree to': {
      params: {id: recordIds.unsentInvoice},
      headers: {'Idempotency-Key': '00000000-0000-4000-8000-0000000000d2'},
      body: {channels: ['email', 'whatsapp']},
    },
  },
  'GET /v1/invoices/{id}/deliveries': {'Refused, and written here': {params: {id: recordIds.sentInvoice}}},
  'GET /v1/invoices/{id}/preview': {
    'As a German mail': {params: {id: recordIds.sentInvoice}, query: {channel: 'email', language: 'de'}},
  },
  'POST /v1/deliveries/{id}/retry': {'The address is good now': {params: {id: givenIds.failedDelivery}}},
  'GET /v1/outbox': {'Of a server without Twilio': {query: {limit: '10'}}},
  'GET /v1/outbox/{id}/document': {'Its PDF': {params: {id: givenIds.localMessage}}},
  'GET /v1/i/{token}': {'As the client opens it': {as: 'anybody', params: {token: LINK_TOKEN}}},
};

const ofOperation: Readonly<Record<string, Examples>> = {
  'GET /healthz': {Alive: {as: 'anybody'}},
  'GET /readyz': {Ready: {as: 'anybody'}},
  'GET /metrics': {Figures: {as: 'anybody'}},
  'GET /v1/openapi.yaml': {'This document': {as: 'anybody'}},
};

const ofServices: Readonly<Record<string, Examples>> = {
  'POST /v1/webhooks/clerk': {
    'A user was deleted': {
      as: 'clerk',
      body: {type: 'user.deleted', data: {id: 'user_2abcDEF', deleted: true}},
    },
    'An event without consequence': {as: 'clerk', body: {type: 'email.created', data: {}}},
  },
  'GET /v1/webhooks/whatsapp': {
    'The address is confirmed': {
      as: 'meta',
      query: {'hub.mode': 'subscribe', 'hub.verify_token': 'the word', 'hub.challenge': '1158201444'},
    },
  },
  'POST /v1/webhooks/whatsapp': {
    'A message that is not of this server': {
      as: 'meta',
      body: {
        object: 'whatsapp_business_account',
        entry: [
          {
            id: '102290129340398',
            changes: [{field: 'messages', value: {statuses: [{id: 'wamid.HBgM', status: 'delivered'}]}}],
          },
        ],
      },
    },
  },
  'POST /v1/webhooks/twilio': {
    'A message that is not of this server': {
      as: 'twilio',
      body: {MessageSid: 'SM0123', MessageStatus: 'delivered'},
    },
  },
};

/** By method and path, as `GET /v1/tenants/{id}/members`. */
export const examples: Readonly<Record<string, Examples>> = {
  ...ofOperation,
  ...ofPeople,
  ...ofSync,
  ...ofFiles,
  ...ofManagers,
  ...ofMessages,
  ...ofServices,
  ...Object.fromEntries(
    Object.values(entities)
      .filter(({writable}) => writable)
      .flatMap((entity) => Object.entries(recordExamples(entity.name, recordsPath(entity)))),
  ),
};

// The OpenAPI document as a whole: what every operation refers to, and the endpoints that are no routes of the app, since
// they become sockets. `npm run docs` writes it to docs/backend-openapi.yaml, with examples.
import type {OpenAPIHono} from '@hono/zod-openapi';
import {errorCodes} from '#crdt/protocol/error-code.ts';
import type {RestApp} from './route.ts';

const uuid = {type: 'string', format: 'uuid'} as const;

export const exampleRequestId = '00000000-0000-4000-8000-0000000000ff';

const parameters = {
  TenantId: {
    name: 'X-Tenant-Id',
    in: 'header',
    description: 'The tenant. Absent: the one activated for the device, or else the only one.',
    schema: uuid,
  },
  DeviceId: {
    name: 'X-Device-Id',
    in: 'header',
    description: 'A UUID that the device made. Absent: an implicit device, one per user.',
    schema: uuid,
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'Names the request in the log, and comes back with the answer. Absent: the server makes one.',
    schema: {type: 'string', pattern: String.raw`^[\w.-]{8,64}$`},
  },
} as const;

const seconds = {type: 'integer', minimum: 0} as const;

const headers = {
  RequestId: {description: 'Names this request in the log.', schema: {type: 'string'}},
  RateLimit: {
    description:
      'What is left of the rate nearest to its end: whose, `r` requests, full again in `t` seconds.',
    schema: {type: 'string'},
  },
  RateLimitPolicy: {
    description: 'That rate: `q` requests at once, and as many again in `w` seconds.',
    schema: {type: 'string'},
  },
  RateLimitLimit: {description: 'The same for older clients: requests at once.', schema: seconds},
  RateLimitRemaining: {description: 'Requests left.', schema: seconds},
  RateLimitReset: {description: 'Seconds until it is full again.', schema: seconds},
  RetryAfter: {description: 'Seconds after which it may be tried again.', schema: seconds},
  WWWAuthenticate: {description: 'Always `Bearer`.', schema: {type: 'string'}},
  ETag: {
    description: 'The feed position of the record, quoted. `If-Match` takes it.',
    schema: {type: 'string'},
  },
  Location: {description: 'The path of what was made.', schema: {type: 'string'}},
} as const;

/** One per code, as an answer would have it. */
function problemExample(code: keyof typeof errorCodes) {
  const {status, cause, cure} = errorCodes[code];
  const value = {type: 'about:blank', title: cause, status, detail: cure, code, requestId: exampleRequestId};
  return {summary: cause, value};
}

/** Registers what operations refer to. */
export function registerComponents({openAPIRegistry: registry}: RestApp): void {
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: "A session token of Clerk's; in development, one of the server's own issuer.",
  });
  registry.registerComponent('securitySchemes', 'meta', {
    type: 'apiKey',
    in: 'header',
    name: 'x-hub-signature-256',
    description: '`sha256=` and the HMAC-SHA256 of the body in hex, by the secret of the Meta app.',
  });
  registry.registerComponent('securitySchemes', 'twilio', {
    type: 'apiKey',
    in: 'header',
    name: 'x-twilio-signature',
    description:
      'HMAC-SHA1 in base64 over the address, as Twilio was given it, and the fields sorted by name, by the auth token.',
  });
  registry.registerComponent('securitySchemes', 'svix', {
    type: 'apiKey',
    in: 'header',
    name: 'svix-signature',
    description:
      'HMAC-SHA256 over `svix-id`, `svix-timestamp` and the body, joined by dots, in base64 after `v1,`; by the signing secret of the endpoint.',
  });
  for (const [name, parameter] of Object.entries(parameters))
    registry.registerComponent('parameters', name, parameter);
  for (const [name, header] of Object.entries(headers)) registry.registerComponent('headers', name, header);
  for (const code of Object.keys(errorCodes) as (keyof typeof errorCodes)[])
    registry.registerComponent('examples', code, problemExample(code));
}

type Document = ReturnType<OpenAPIHono['getOpenAPI31Document']>;

const info = {
  title: 'Fieldmerge',
  version: '1',
  description:
    'The REST interface of the sync backend. Records merge field by field: a write is refused only for a rule over ' +
    'one field, never because somebody else wrote meanwhile, and every overwrite is kept for review.\n\n' +
    'Every refusal is `application/problem+json` with a stable `code`. Lists are `{items, nextCursor, hasMore}`. ' +
    'Instants are ISO 8601 UTC with milliseconds, ids are lower-case UUIDs, money is in minor units.',
  license: {name: 'Proprietary', identifier: 'LicenseRef-Proprietary'},
};

const upgraded = (description: string) => ({
  '101': {description},
  '403': {description: 'The page that asks is of an origin that is not allowed.'},
  '503': {description: 'The server is draining. Come back elsewhere.'},
});

const roomParameter = (name: string, description: string, schema: object) => ({
  name,
  in: 'query',
  description,
  schema,
});

/** Not routes of the app: the transports hand these to the live edge. */
const socketPaths = {
  '/v1/sync/live': {
    get: {
      operationId: 'getSyncLive',
      tags: ['Sync'],
      summary: 'The live socket: all records of a device over one WebSocket.',
      description:
        'Binary messages, one frame each. Who is calling is said by the first frame, `hello`, not by headers.',
      security: [],
      responses: upgraded('Switched to WebSocket. Refusals from here on are close codes.'),
    },
  },
  '/v1/sync/yjs/{entity}/{id}': {
    get: {
      operationId: 'getSyncYjs',
      tags: ['Sync'],
      summary: 'One record as a room for a stock `y-websocket` provider.',
      description: 'Speaks y-protocols. The query string holds a secret and is never logged.',
      security: [],
      parameters: [
        {
          name: 'entity',
          in: 'path',
          required: true,
          description: "The entity's table.",
          schema: {type: 'string'},
        },
        {name: 'id', in: 'path', required: true, description: "The record's id.", schema: uuid},
        roomParameter('token', 'The session token.', {type: 'string'}),
        roomParameter('tenant', 'As `X-Tenant-Id`.', uuid),
        roomParameter('device', 'As `X-Device-Id`.', uuid),
      ],
      responses: {
        ...upgraded('Switched to WebSocket. Refusals from here on are close codes.'),
        '404': {description: 'There is no such entity, or the id is none.'},
      },
    },
  },
};

const tagNotes: Readonly<Record<string, string>> = {
  Operation: 'What a load balancer and an operator ask.',
  People: 'Users, tenants, members, invitations, devices.',
  Sync: 'Catching up and handing in: what devices use.',
  Conflicts: 'Overwrites, for managers to review.',
  Audit: "The tenant's log, for managers.",
  Invoices: 'Invoices on their way to clients.',
  Deliveries: 'Messages that carry invoices.',
  Outbox: 'Messages of channels that have no provider.',
  I: 'Links in messages.',
  Webhooks: 'Where outside services deliver their events.',
  Openapi: 'This document.',
};

interface Operation {
  responses: Record<string, object>;
  readonly tags?: string[];
  readonly parameters?: readonly ({$ref: string} | {name: string; in: string})[];
}

/** The document without examples of requests and answers. */
export function describeApp(app: RestApp): object {
  const document: Document = app.getOpenAPI31Document({openapi: '3.1.0', info});
  const paths = {...document.paths, ...socketPaths} as Record<string, Record<string, Operation>>;
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  for (const {parameters: all = []} of operations)
    for (const parameter of all)
      if ('in' in parameter && parameter.in === 'header') parameter.name = headerCase(parameter.name);
  const responses = shareRefusals(operations);
  const tags = [...new Set(operations.flatMap((operation) => operation.tags ?? []))];
  return {
    openapi: document.openapi,
    info: document.info,
    servers: [{url: '/', description: 'This server.'}],
    tags: tags.map((name) => ({name, description: tagNotes[name] ?? `Records of ${name.toLowerCase()}.`})),
    paths,
    components: {...document.components, examples: usedExamples(document, responses), responses},
  };
}

/** Most operations refuse alike: each refusal is said once, and referred to. */
function shareRefusals(operations: readonly Operation[]): Record<string, object> {
  const names = new Map<string, string>();
  const shared: Record<string, object> = {};
  const nameOf = (status: string, refusal: object): string => {
    const text = JSON.stringify(refusal);
    const known = names.get(text);
    if (known !== undefined) return known;
    const count = Object.keys(shared).filter((name) => name.startsWith(`Refused${status}`)).length;
    const name = `Refused${status}${count === 0 ? '' : `-${count + 1}`}`;
    names.set(text, name);
    shared[name] = refusal;
    return name;
  };
  for (const operation of operations)
    for (const [status, response] of Object.entries(operation.responses))
      if (Number(status) >= 400 && 'content' in response)
        operation.responses[status] = {$ref: `#/components/responses/${nameOf(status, response)}`};
  return shared;
}

/** Of codes that only sockets and results of a push carry, no answer has an example. */
function usedExamples({components}: Document, responses: object): object {
  const text = JSON.stringify(responses);
  const isUsed = ([code]: [string, unknown]): boolean => text.includes(`#/components/examples/${code}"`);
  return Object.fromEntries(Object.entries(components?.examples ?? {}).filter(isUsed));
}

/** `if-match` as people write it. */
const headerCase = (name: string): string => name.replace(/(?:^|-)\w/g, (start) => start.toUpperCase());

// One route as an operation of the OpenAPI document: what it takes, what it answers, and every code it may refuse with.
// document.ts puts the operations together.
import {z} from 'zod';
import {errorCodes, type ErrorCode} from '#crdt/protocol/error-code.ts';
import type {CallerKind, RouteSpec} from './route-spec.ts';

const hasToken = (caller: CallerKind): boolean => caller === 'user' || caller === 'member';

const problem = z
  .object({
    type: z.string().meta({description: 'Always `about:blank`.'}),
    title: z.string().meta({description: 'What the code means.'}),
    status: z.int().meta({description: 'The HTTP status.'}),
    detail: z.string().meta({description: 'What to do about it. For people.'}),
    code: z.string().meta({description: 'Stable. For programs.'}),
    requestId: z.string().meta({description: 'Names this request in the log.'}),
    fields: z
      .record(z.string(), z.string())
      .optional()
      .meta({description: 'What is wrong, by the name of the member, parameter or header.'}),
    current: z
      .unknown()
      .optional()
      .meta({description: 'What is there instead, where the request was made on something else.'}),
    limit: z.enum(['user', 'device', 'tenant']).optional().meta({description: 'Whose rate was passed.'}),
  })
  .meta({id: 'Problem'});

const ofUsers: readonly ErrorCode[] = [
  'bad_request',
  'unauthenticated',
  'token_expired',
  'session_pending',
  'rate_limited',
  'not_ready',
];
const ofMembers: readonly ErrorCode[] = ['no_membership', 'device_taken', 'device_revoked'];
const ofBodies: readonly ErrorCode[] = [
  'bad_json',
  'bad_request',
  'unsupported_media_type',
  'body_too_large',
];

/** Every code that a route may answer with, its own first. */
export function codesOf(spec: RouteSpec, caller: CallerKind): ErrorCode[] {
  const isTenantInPath = 'tenantIn' in spec && spec.tenantIn === 'path';
  const codes: ErrorCode[] = [...(spec.errors ?? [])];
  if (spec.params !== undefined) codes.push('not_found');
  if (spec.query !== undefined) codes.push('bad_request');
  if (spec.body !== undefined) codes.push(...ofBodies);
  if (hasToken(caller)) codes.push(...ofUsers);
  if (caller === 'member')
    codes.push(...ofMembers, ...(isTenantInPath ? [] : (['tenant_required'] as const)));
  codes.push('internal');
  return [...new Set(codes)];
}

const ref = (kind: 'parameters' | 'headers' | 'examples', name: string) => ({
  $ref: `#/components/${kind}/${name}`,
});

/** By caller. `X-Tenant-Id` is not for routes with the tenant in their path. */
function commonParameters(spec: RouteSpec, caller: CallerKind) {
  const isTenantInPath = 'tenantIn' in spec && spec.tenantIn === 'path';
  return [
    ...(!hasToken(caller) || isTenantInPath ? [] : [ref('parameters', 'TenantId')]),
    ...(hasToken(caller) ? [ref('parameters', 'DeviceId')] : []),
    ref('parameters', 'RequestId'),
  ];
}

const rateHeaders = {
  RateLimit: ref('headers', 'RateLimit'),
  'RateLimit-Policy': ref('headers', 'RateLimitPolicy'),
  'RateLimit-Limit': ref('headers', 'RateLimitLimit'),
  'RateLimit-Remaining': ref('headers', 'RateLimitRemaining'),
  'RateLimit-Reset': ref('headers', 'RateLimitReset'),
};

const headersOf = (caller: CallerKind) => ({
  'X-Request-Id': ref('headers', 'RequestId'),
  ...(hasToken(caller) ? rateHeaders : {}),
});

const ownHeaders = {
  etag: {ETag: ref('headers', 'ETag')},
  location: {Location: ref('headers', 'Location')},
};

const titles: Readonly<Record<number, string>> = {
  400: 'The request is wrong.',
  401: 'Nobody is signed in.',
  403: 'Not for this caller.',
  404: 'Nothing is there for this caller.',
  409: 'It does not go with what is there.',
  410: 'The cursor is no longer good.',
  412: 'The record has changed.',
  413: 'Too large.',
  415: 'Not JSON.',
  429: 'Too much at once.',
  500: 'A fault of the server.',
  503: 'Not now.',
};

/** One answer per status, with the codes it may carry and an example of each. */
function refusals(codes: readonly ErrorCode[], caller: CallerKind) {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const {status} = errorCodes[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const entries = [...byStatus].map(([status, some]) => [
    String(status),
    {
      description: `${titles[status] ?? 'Refused.'} Codes: ${some.map((code) => `\`${code}\``).join(', ')}.`,
      headers: {
        ...headersOf(caller),
        ...(status === 401 ? {'WWW-Authenticate': ref('headers', 'WWWAuthenticate')} : {}),
        ...(status === 429 || status === 503 ? {'Retry-After': ref('headers', 'RetryAfter')} : {}),
      },
      content: {
        'application/problem+json': {
          schema: problem.and(z.object({code: z.enum(some)})),
          examples: Object.fromEntries(some.map((code) => [code, ref('examples', code)])),
        },
      },
    },
  ]);
  return Object.fromEntries(entries) as Record<string, {description: string}>;
}

/** `GET /v1/tenants/{id}/members` is `getTenantMembers`: what an id follows is one of them. */
export function operationIdOf(method: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== 'v1');
  const words = parts.flatMap((part, index) => {
    if (part.startsWith('{')) return [];
    const isOne = parts[index + 1]?.startsWith('{') === true;
    return (isOne ? singular(part) : part).split(/\W/);
  });
  return method + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

/** A word that has no plural gets another, or one and all would be named alike. */
const singular = (word: string): string => {
  const one = word.replace(/ies$/, 'y').replace(/s$/, '');
  return one === word ? `${word}-entry` : one;
};

/** `/v1/service-types/{id}` is about `Service types`. */
export function tagOf(path: string): string {
  const [first = '', second = ''] = path.split('/').filter((part) => part !== '');
  if (first !== 'v1') return 'Operation';
  if (second === 'me' || second === 'tenants' || second === 'devices' || second === 'directory')
    return 'People';
  const words = second.replace(/\.\w+$/, '').replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const content = (type: string, schema: z.ZodType) => ({[type]: {schema}});

function securityOf(caller: CallerKind, {signature = 'svix'}: RouteSpec) {
  if (caller === 'open') return [];
  return caller === 'signed' ? [{[signature]: []}] : [{bearer: []}];
}

export function operationOf(spec: RouteSpec, caller: CallerKind) {
  const {method, path, summary, description, params, query, headers, answer, status = 200} = spec;
  const body = spec.documentedBody ?? spec.body;
  const isWithoutBody = status === 204;
  return {
    method,
    path,
    operationId: operationIdOf(method, path),
    tags: [tagOf(path)],
    summary,
    ...(description === undefined ? {} : {description}),
    security: securityOf(caller, spec),
    parameters: commonParameters(spec, caller),
    request: {
      ...(params instanceof z.ZodObject ? {params} : {}),
      ...(query instanceof z.ZodObject ? {query} : {}),
      ...(headers instanceof z.ZodObject ? {headers} : {}),
      ...(body === undefined ? {} : {body: {required: true, content: content('application/json', body)}}),
    },
    responses: {
      [status]: {
        description: spec.answerNote ?? 'Done.',
        headers: Object.assign(
          {...headersOf(caller)},
          ...(spec.answerHeaders ?? []).map((name) => ownHeaders[name]),
        ) as object,
        ...(isWithoutBody ? {} : {content: content(spec.answerType ?? 'application/json', answer)}),
      },
      ...refusals(codesOf(spec, caller), caller),
    },
  };
}

// How a route is declared and entered: who may call it, what it takes and what it answers. The same declaration
// validates requests and becomes the OpenAPI document.
import {createRoute, type OpenAPIHono} from '@hono/zod-openapi';
import type {z} from 'zod';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {tenantId as tenantIdSchema, type DeviceId, type TenantId} from '#crdt/protocol/ids.ts';
import type {FailureLimit} from '../auth/failure-limit.ts';
import type {TokenVerifier} from '../auth/verify-token.ts';
import type {PrintBill} from '../invoices/printer.ts';
import type {Logger} from '../logger.ts';
import type {AnsweredRequest} from '../metrics/edge-metrics.ts';
import type {Unready} from '../readiness.ts';
import type {Member} from '../sync/members.ts';
import {faultsByField} from '../sync/schema-faults.ts';
import type {Service} from '../sync/service.ts';
import {authenticate, type Caller} from './authenticate.ts';
import {readBytes, readJsonBody} from './json-body.ts';
import {operationOf} from './operation.ts';
import {badRequest} from './problem.ts';
import {requireRate, type RateLimits, type RateState} from './rate-limit.ts';
import type {CallerKind, MemberSpec, RouteSpec} from './route-spec.ts';

export interface RestDeps {
  readonly service: Service;
  readonly verifier: TokenVerifier;
  readonly log: Logger;
  /** Null: requests belong here. */
  readonly whyNotReady: () => Promise<Unready | null>;
  /** Told of each request that was answered. */
  readonly onAnswered?: ((request: AnsweredRequest) => void) | undefined;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>;
  /** Lower case; set behind a proxy that is trusted to put the caller's address there. */
  readonly clientAddressHeader?: string | undefined;
  /** Pages of these may call, beside pages of this server itself. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Absent: no proxy ends TLS, and nothing is asked of how a request came. */
  readonly requireTls?: boolean | undefined;
  /** Absent: as crdt/protocol/limits.ts has them. */
  readonly rates?: RateLimits | undefined;
  /** Absent: without Clerk. */
  readonly clerk?: ClerkHooks | undefined;
  /** Absent: nobody takes what is sent from the outbox here, and reports of providers are refused. */
  readonly sending?: SendingHooks | undefined;
  /** Absent: documents are laid out in this thread. */
  readonly print?: PrintBill | undefined;
}

/** What routes about messages need. */
export interface SendingHooks {
  /** Something was queued. */
  readonly onQueued?: (() => void) | undefined;
  /** A provider reported on something. */
  readonly onReported?: (() => void) | undefined;
  readonly publicUrl?: string | undefined;
  readonly whatsapp?:
    {readonly appSecret: string | undefined; readonly verifyToken: string | undefined} | undefined;
  readonly twilio?: {readonly authToken: string} | undefined;
}

/** What Clerk's webhooks need. */
export interface ClerkHooks {
  /** Absent: they are refused. */
  readonly webhookSigningSecret?: string | undefined;
  readonly forgetProfile?: ((subject: string) => void) | undefined;
}

/** `route` is the declared path, for metrics. `requestId` and `tenantId` are for the log; `rates` are the buckets the request took from, once it is known whose. */
export interface RestEnv {
  readonly Bindings: {readonly address: string};
  readonly Variables: {
    requestId: string;
    route: string;
    tenantId: string;
    deviceId: string;
    rates: RateState[];
  };
}

export type RestApp = OpenAPIHono<RestEnv>;
export interface RouteDeps extends RestDeps {
  readonly app: RestApp;
  readonly failures: FailureLimit;
  readonly rates: RateLimits;
}

type Read<Spec, Part extends string> =
  Spec extends Record<Part, infer Schema extends z.ZodType> ? z.output<Schema> : undefined;

export interface Input<Spec> {
  readonly params: Read<Spec, 'params'>;
  readonly query: Read<Spec, 'query'>;
  readonly headers: Read<Spec, 'headers'>;
  readonly body: Read<Spec, 'body'>;
}

type Answer<Spec extends RouteSpec> = Promise<z.input<Spec['answer']> | Response>;

/** For anybody. */
export function openRoute<const Spec extends RouteSpec>(
  deps: RouteDeps,
  spec: Spec,
  handle: (input: Input<Spec>) => Answer<Spec>,
): void {
  mount(deps, spec, 'open', async (request) => handle(await readInput(spec, request)));
}

/** A request as its sender signed it. */
export interface Signed {
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** As it was asked for here; behind a proxy that is not how the sender knows it. */
  readonly url: string;
}

/** What a route for outside services may answer; `not_found` where it is not configured. */
export const signedErrors = [
  'bad_request',
  'bad_json',
  'body_too_large',
  'bad_signature',
  'not_found',
  'rate_limited',
  'not_ready',
] as const;

/**
 * For outside services, which sign what they send. verify: reads nothing into it before the signature is checked, and
 * throws SyncError `bad_signature` if it is not good; addresses for which it does so often are held off.
 */
export function signedRoute<const Spec extends RouteSpec, Verified>(
  deps: RouteDeps,
  spec: Spec,
  verify: (signed: Signed) => Promise<Verified>,
  handle: (verified: Verified) => Answer<Spec>,
): void {
  const {failures} = deps;
  mount(deps, spec, 'signed', async ({raw, address}) => {
    const retryAfterMs = failures.retryAfterMs(address);
    if (retryAfterMs > 0) throw new SyncError('rate_limited', {details: {retryAfterMs}});
    const body = await readBytes(raw);
    try {
      return await handle(await verify({headers: raw.headers, body, url: raw.url}));
    } catch (error) {
      if (error instanceof SyncError && error.code === 'bad_signature') failures.record(address);
      throw error;
    }
  });
}

/** For users, members of a tenant or not. */
export function userRoute<const Spec extends RouteSpec>(
  deps: RouteDeps,
  spec: Spec,
  handle: (caller: Caller, input: Input<Spec>) => Answer<Spec>,
): void {
  mount(deps, spec, 'user', async (request) => {
    const caller = await authenticate(deps, request.raw.headers, request.address);
    request.counted(deps.rates.ofUser(caller.user.id));
    return handle(caller, await readInput(spec, request));
  });
}

/** How the caller reached this server; `origin` is without a slash at its end. */
export interface Reached {
  readonly origin: string;
}

/** For members, in one tenant and on one device. */
export function memberRoute<const Spec extends MemberSpec>(
  deps: RouteDeps,
  spec: Spec,
  handle: (member: Member, input: Input<Spec>, reached: Reached) => Answer<Spec>,
): void {
  mount(deps, spec, 'member', async (request) => {
    const caller = await authenticate(deps, request.raw.headers, request.address);
    request.counted(deps.rates.ofUser(caller.user.id));
    const reached: Reached = {origin: originOf(request.raw)};
    const tenantId = spec.tenantIn === 'path' ? tenantOfPath(request) : caller.tenantId;
    const resolve = async (deviceId: DeviceId | undefined): Promise<Member> => {
      const member = await deps.service.members.resolveMember({userId: caller.user.id, tenantId, deviceId});
      request.seen(member);
      request.counted(deps.rates.ofMember(member));
      return member;
    };
    if (spec.deviceIn !== 'body') {
      const member = await resolve(caller.deviceId);
      return handle(member, await readInput(spec, request), reached);
    }
    const input = await readInput(spec, request);
    return handle(await resolve(deviceOfBody(input.body, caller)), input, reached);
  });
}

/** A caller who lies here only gets URLs that lead nowhere. */
function originOf({url, headers}: Request): string {
  const {protocol, host} = new URL(url);
  const isSecure = protocol === 'https:' || headers.get('x-forwarded-proto') === 'https';
  return `${isSecure ? 'https' : 'http'}://${host}`;
}

function tenantOfPath({params}: RequestParts): TenantId {
  const read = tenantIdSchema.safeParse(params['id']);
  if (!read.success) throw new SyncError('no_membership');
  return read.data;
}

export function deviceOfBody(body: unknown, caller: Caller): DeviceId | undefined {
  const {deviceId} = body as {deviceId?: DeviceId};
  if (deviceId !== undefined && caller.deviceId !== undefined && deviceId !== caller.deviceId)
    throw badRequest({deviceId: 'differs from X-Device-Id'});
  return deviceId ?? caller.deviceId;
}

interface RequestParts {
  readonly raw: Request;
  readonly address: string;
  readonly params: Readonly<Record<string, string>>;
  /** Tells the log who asks. */
  readonly seen: (member: Member) => void;
  /** Puts the rates into the answer. Throws `rate_limited` if one of them refused. */
  readonly counted: (rates: readonly RateState[]) => void;
}

async function readInput<Spec extends RouteSpec>(
  spec: Spec,
  {raw, params}: RequestParts,
): Promise<Input<Spec>> {
  const query = spec.query && Object.fromEntries(new URL(raw.url).searchParams);
  return {
    params: read(spec.params, params, () => new SyncError('not_found')),
    query: read(spec.query, query, badRequest),
    headers: read(spec.headers, spec.headers && Object.fromEntries(raw.headers), badRequest),
    body: read(spec.body, spec.body && (await readJsonBody(raw)), badRequest),
  } as Input<Spec>;
}

function read(
  schema: z.ZodType | undefined,
  value: unknown,
  refusal: (faults: Record<string, string>) => SyncError,
): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (!result.success) throw refusal(faultsByField(result.error));
  return result.data;
}

function mount(
  {app}: RouteDeps,
  spec: RouteSpec,
  callers: CallerKind,
  enter: (request: RequestParts) => Promise<unknown>,
): void {
  const route = createRoute(operationOf(spec, callers));
  app.openAPIRegistry.registerPath(route);
  app.on(spec.method.toUpperCase(), route.getRoutingPath(), async (context) => {
    context.set('route', spec.path);
    const answer = await enter({
      raw: context.req.raw,
      address: context.env.address,
      params: context.req.param(),
      seen({tenantId, deviceId}) {
        context.set('tenantId', tenantId);
        context.set('deviceId', deviceId);
      },
      counted(rates) {
        context.set('rates', [...((context.get('rates') as RateState[] | undefined) ?? []), ...rates]);
        requireRate(rates);
      },
    });
    return answer instanceof Response ? answer : jsonResponse(JSON.stringify(answer), spec.status);
  });
}

export const jsonResponse = (text: string, status = 200): Response =>
  new Response(text, {status, headers: {'content-type': 'application/json'}});

// The REST edge as one function from request to answer; the transports call it. Every answer carries its request
// id, and every refusal is problem+json.
import {randomUUID} from 'node:crypto';
import {OpenAPIHono} from '@hono/zod-openapi';
import {SyncError, type ErrorCode} from '#crdt/protocol/error-code.ts';
import {createFailureLimit} from '../auth/failure-limit.ts';
import {isOriginRefused} from '../origins.ts';
import {isRefusedAsPlain} from '../tls.ts';
import {mountAttachments} from './attachments.ts';
import {mountAudit} from './audit.ts';
import {mountConflicts} from './conflicts.ts';
import {corsHeaders, isPreflight, preflightResponse} from './cors.ts';
import {mountDevices} from './devices.ts';
import {mountDirectory} from './directory.ts';
import {describeApp, registerComponents} from './document.ts';
import {mountFiles} from './files.ts';
import {mountHealth} from './health.ts';
import {mountHistory} from './history.ts';
import {mountInvitations} from './invitations.ts';
import {mountInvoices} from './invoices.ts';
import {mountMe} from './me.ts';
import {mountMembers} from './members.ts';
import {asSyncError, logLevelOf, problemResponse} from './problem.ts';
import {mountProviderWebhooks} from './provider-webhooks.ts';
import {mountQuarantine} from './quarantine.ts';
import {mountRecords} from './records.ts';
import {createRateLimits, rateHeaders, type RateState} from './rate-limit.ts';
import type {RestApp, RestDeps, RestEnv, RouteDeps} from './route.ts';
import {mountOpenApi} from './openapi.ts';
import {mountSending} from './sending.ts';
import {mountSync} from './sync.ts';
import {mountTenants} from './tenants.ts';
import {mountWebhooks} from './webhooks.ts';

export interface RestEdge {
  /** `remoteAddress`: of the connection's other end. Never rejects. */
  fetch(request: Request, remoteAddress: string): Promise<Response>;
  /** The routes as an OpenAPI 3.1 document, from the schemas in use. */
  describe(): object;
}

const requestIdPattern = /^[\w.-]{8,64}$/;

export function createRestApp(deps: RestDeps): RestEdge {
  const app = createApp(deps);
  const {now} = deps.service;
  const failures = createFailureLimit({now});
  const routes: RouteDeps = {...deps, app, failures, rates: deps.rates ?? createRateLimits({now})};
  mountHealth(routes);
  mountOpenApi(routes);
  mountTenants(routes);
  mountMembers(routes);
  mountInvitations(routes);
  mountDevices(routes);
  mountDirectory(routes);
  mountMe(routes);
  mountSync(routes);
  mountRecords(routes);
  mountHistory(routes);
  mountInvoices(routes);
  mountConflicts(routes);
  mountQuarantine(routes);
  mountAttachments(routes);
  mountFiles(routes);
  mountAudit(routes);
  mountWebhooks(routes);
  mountSending(routes);
  mountProviderWebhooks(routes);
  return {
    async fetch(request, remoteAddress) {
      const refusal = refusalOf(request, deps);
      if (refusal !== undefined) return refuse(refusal, deps);
      const answer = isPreflight(request)
        ? preflightResponse()
        : await app.fetch(request, {address: addressOf(deps, request, remoteAddress)});
      const origin = corsHeaders(request.headers.get('origin'), deps.allowedOrigins ?? []);
      for (const [name, value] of Object.entries(origin)) answer.headers.set(name, value);
      return answer;
    },
    describe: () => describeApp(app),
  };
}

/** Asked of every request before anything of it is read. */
function refusalOf(request: Request, {allowedOrigins = [], requireTls = false}: RestDeps) {
  const {pathname: path, host} = new URL(request.url);
  const forwarded = request.headers.get('x-forwarded-proto') ?? undefined;
  if (isRefusedAsPlain({path, forwarded}, {requireTls})) return 'tls_required';
  const origin = request.headers.get('origin') ?? undefined;
  return isOriginRefused({origin, host}, {allowedOrigins, requireTls}) ? 'origin_refused' : undefined;
}

function refuse(code: ErrorCode, {log}: RestDeps): Response {
  const requestId = randomUUID();
  log[logLevelOf(code)]('a request was refused', {requestId, code});
  const answer = problemResponse(new SyncError(code), requestId);
  answer.headers.set('x-request-id', requestId);
  return answer;
}

/** Behind a proxy the last address is the one it saw itself; those before it are the caller's word. */
function addressOf({clientAddressHeader}: RestDeps, request: Request, remoteAddress: string): string {
  if (clientAddressHeader === undefined) return remoteAddress;
  const last = request.headers.get(clientAddressHeader)?.split(',').at(-1)?.trim() ?? '';
  return last === '' ? remoteAddress : last;
}

function createApp({log, onAnswered}: RestDeps): RestApp {
  const app = new OpenAPIHono<RestEnv>();
  registerComponents(app);
  app.use(async (context, next) => {
    const given = context.req.header('x-request-id') ?? '';
    const requestId = requestIdPattern.test(given) ? given : randomUUID();
    context.set('requestId', requestId);
    const started = performance.now();
    await next();
    context.res.headers.set('x-request-id', requestId);
    const rates = context.get('rates') as RateState[] | undefined;
    for (const [name, value] of Object.entries(rateHeaders(rates ?? [])))
      context.res.headers.set(name, value);
    const {method} = context.req;
    const {status} = context.res;
    const ms = performance.now() - started;
    const route = (context.get('route') as string | undefined) ?? 'none';
    onAnswered?.({method: route === 'none' ? 'any' : method, route, status, ms});
    log.debug('request answered', {
      requestId,
      method,
      status,
      ms: Math.round(ms),
      tenantId: context.get('tenantId'),
      deviceId: context.get('deviceId'),
    });
  });
  app.onError((thrown, context) => {
    const error = asSyncError(thrown);
    const requestId = context.get('requestId');
    const level = logLevelOf(error.code);
    const fields = {requestId, code: error.code, tenantId: context.get('tenantId')};
    if (level === 'error') log.error('a request failed', fields, thrown);
    else log[level]('a request was refused', fields);
    return problemResponse(error, requestId);
  });
  app.notFound((context) => {
    const methods = methodsOf(app, context.req.path);
    const error = new SyncError(methods.length > 0 ? 'method_not_allowed' : 'not_found');
    const answer = problemResponse(error, context.get('requestId'));
    if (methods.length > 0) answer.headers.set('allow', methods.join(', '));
    return answer;
  });
  return app;
}

/** Methods that some route has for this path. */
function methodsOf(app: RestApp, path: string): string[] {
  const methods = new Set<string>();
  for (const route of app.routes) {
    if (route.method === 'ALL') continue;
    const pattern = new RegExp(`^${route.path.replace(/:[^/]+/g, '[^/]+')}$`);
    if (pattern.test(path)) methods.add(route.method);
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

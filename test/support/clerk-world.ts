// A world whose server is connected to a Clerk: the REST app once more over the same database, with what the
// configuration would switch on.
import {onTestFinished} from 'vitest';
import {createLogger, type Logger} from '#server/logger.ts';
import {openClerk} from '#server/clerk/open-clerk.ts';
import {createRestApp, type RestEdge} from '#server/rest/app.ts';
import type {Service} from '#server/sync/service.ts';
import {createUsers} from '#server/sync/users.ts';
import {deliveryRequest, newSigningSecret, type Delivery} from './clerk-webhook.ts';
import type {Answer, Person, World} from './world.ts';

export interface ClerkWorld {
  readonly app: RestEdge;
  readonly service: Service;
  readonly secret: string;
  /** Lines that were logged, as JSON. */
  readonly logged: readonly string[];
  readonly as: <Body = unknown>(
    person: Person,
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<Answer<Body>>;
  readonly deliver: <Body = {outcome: string}>(delivery: Delivery, address?: string) => Promise<Answer<Body>>;
}

export interface ClerkWorldOptions {
  /** Absent: only webhooks are configured. */
  readonly backend?: {readonly url: string; readonly secretKey: string};
  readonly redirectUrl?: string;
  readonly now?: () => number;
}

export function openClerkWorld(
  world: World,
  {backend, redirectUrl, now = Date.now}: ClerkWorldOptions = {},
): ClerkWorld {
  const logged: string[] = [];
  const log: Logger = createLogger({level: 'info', destination: {write: (line) => logged.push(line)}});
  const secret = newSigningSecret();
  const clerk = openClerk(
    {
      kind: 'clerk',
      jwtKey: undefined,
      secretKey: backend?.secretKey,
      apiUrl: backend?.url ?? 'http://127.0.0.1:9',
      issuer: undefined,
      authorizedParties: [],
      webhookSigningSecret: secret,
      invitationRedirectUrl: redirectUrl,
    },
    {log, now},
  );
  const {findProfile, invitationSender} = clerk;
  const {pool} = world.service;
  const service: Service = {...world.service, users: createUsers({pool, now, findProfile}), invitationSender};
  const app = createRestApp({
    service,
    verifier: world.verifier,
    log,
    whyNotReady: () => Promise.resolve(null),
    metrics: () => Promise.resolve(''),
    clerk,
  });
  const ask = async <Body>(path: string, init: RequestInit, address = '192.0.2.2'): Promise<Answer<Body>> => {
    const response = await app.fetch(new Request(`http://test${path}`, init), address);
    return {status: response.status, headers: response.headers, body: (await response.json()) as Body};
  };
  onTestFinished(() => void logged.splice(0));
  return {
    app,
    service,
    secret,
    logged,
    as: ({token, deviceId}, method, path, body) =>
      ask(path, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'x-device-id': deviceId,
          ...(body === undefined ? {} : {'content-type': 'application/json'}),
        },
        ...(body === undefined ? {} : {body: JSON.stringify(body)}),
      }),
    deliver: (delivery, address) =>
      ask('/v1/webhooks/clerk', deliveryRequest(delivery, delivery.secret ?? secret), address),
  };
}

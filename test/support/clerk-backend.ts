// A stand-in of Clerk's backend API as documented: users and invitations over real HTTP, with its headers, snake-case
// JSON and error bodies. It refuses what Clerk refuses, so that a test of ours fails for a request that Clerk would not take.
import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {onTestFinished} from 'vitest';
import {z} from 'zod';

const invitationBody = z.strictObject({
  email_address: z.email(),
  public_metadata: z.record(z.string(), z.unknown()).optional(),
  redirect_url: z.url().optional(),
  notify: z.boolean().optional(),
  ignore_existing: z.boolean().optional(),
  expires_in_days: z.int().min(1).max(365).optional(),
  template_slug: z.enum(['invitation', 'waitlist_invitation']).optional(),
});

export interface ClerkInvitation {
  readonly id: string;
  readonly body: z.output<typeof invitationBody>;
  status: 'pending' | 'accepted' | 'revoked';
}

/** `silent`: requests are carried out, but not answered before `speak` is called. */
export type Mood = 'well' | 'limited' | 'down' | 'silent' | 'junk' | 'duplicate';

export interface ClerkBackend {
  /** Good for CLERK_API_URL. */
  readonly url: string;
  readonly secretKey: string;
  /** Every request as `METHOD path`. */
  readonly requests: readonly string[];
  readonly invitations: readonly ClerkInvitation[];
  /** By id, in the wire's form. */
  readonly users: Map<string, object>;
  mood: Mood;
  /** Answers what was left unanswered, and is well. */
  speak(): void;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

const refusal = (status: number, code: string, message: string, headers = {}): Reply => ({
  status,
  body: {errors: [{code, message, long_message: message, meta: {}}], clerk_trace_id: 'trace'},
  headers,
});

const notFound = refusal(404, 'resource_not_found', 'not found');

const moods: Readonly<Record<Exclude<Mood, 'well' | 'silent'>, Reply>> = {
  limited: refusal(429, 'too_many_requests', 'Too many requests. Please try again in a bit.', {
    'retry-after': '60',
  }),
  down: refusal(500, 'internal_clerk_error', 'Oops, an unexpected error occurred'),
  junk: {status: 200, body: 'not an object'},
  duplicate: refusal(422, 'duplicate_record', 'duplicate invitation for who@example.com'),
};

/** Stops with the test that runs. */
export async function startClerkBackend(): Promise<ClerkBackend> {
  const held: (() => void)[] = [];
  const requests: string[] = [];
  const invitations: ClerkInvitation[] = [];
  const backend: ClerkBackend = {
    url: '',
    secretKey: 'sk_test_stand_in',
    requests,
    invitations,
    users: new Map(),
    mood: 'well',
    speak() {
      backend.mood = 'well';
      for (const answer of held.splice(0)) answer();
    },
  };
  const server = createServer((request, response) => {
    void readText(request).then((text) => {
      requests.push(`${request.method} ${request.url}`);
      const {mood} = backend;
      const reply = mood === 'well' || mood === 'silent' ? route(request, text) : moods[mood];
      if (mood === 'silent') held.push(() => send(response, reply));
      else send(response, reply);
    });
  });
  const route = (request: IncomingMessage, text: string): Reply => {
    if (request.headers.authorization !== `Bearer ${backend.secretKey}`)
      return refusal(401, 'clerk_key_invalid', 'The provided Clerk Secret Key is invalid.');
    const [, resource, id, action] = /^\/v1\/(\w+)(?:\/(\w+))?(?:\/(\w+))?$/.exec(request.url ?? '') ?? [];
    const called = `${request.method} ${resource}${id === undefined ? '' : '/:id'}${action === undefined ? '' : `/${action}`}`;
    switch (called) {
      case 'POST invitations':
        return create(request, text);
      case 'POST invitations/:id/revoke':
        return revoke(id ?? '');
      case 'GET users/:id':
        return backend.users.has(id ?? '') ? {status: 200, body: backend.users.get(id ?? '')} : notFound;
      default:
        return notFound;
    }
  };
  const create = (request: IncomingMessage, text: string): Reply => {
    if (request.headers['content-type'] !== 'application/json')
      return refusal(415, 'request_body_invalid', 'content type');
    const parsed = invitationBody.safeParse(JSON.parse(text));
    if (!parsed.success) return refusal(422, 'form_param_format_invalid', parsed.error.message);
    const body = parsed.data;
    const isKnown = invitations.some(
      (each) => each.status === 'pending' && each.body.email_address === body.email_address,
    );
    if (isKnown && body.ignore_existing !== true) return moods.duplicate;
    const made: ClerkInvitation = {id: `inv_${invitations.length + 1}`, body, status: 'pending'};
    invitations.push(made);
    return {status: 200, body: invitationJson(made)};
  };
  const revoke = (id: string): Reply => {
    const found = invitations.find((each) => each.id === id);
    if (found === undefined) return notFound;
    if (found.status !== 'pending')
      return refusal(400, `invitation_already_${found.status}`, `The invitation is ${found.status}.`);
    found.status = 'revoked';
    return {status: 200, body: invitationJson(found)};
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(backend, {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`});
}

const invitationJson = ({id, body, status}: ClerkInvitation) => ({
  object: 'invitation',
  id,
  email_address: body.email_address,
  public_metadata: body.public_metadata ?? {},
  revoked: status === 'revoked',
  status,
  url: `https://clerk.example.com/v1/tickets/accept?ticket=${id}`,
  created_at: Date.now(),
  updated_at: Date.now(),
});

/** A user as Clerk writes them, with one address. */
export const clerkUserJson = (
  id: string,
  {
    email,
    isVerified = true,
    firstName = 'Ana',
    at = Date.now(),
  }: {
    email: string | null;
    isVerified?: boolean;
    firstName?: string;
    at?: number;
  },
) => ({
  object: 'user',
  id,
  username: null,
  first_name: firstName,
  last_name: 'Example',
  primary_email_address_id: email === null ? null : 'idn_1',
  email_addresses:
    email === null
      ? []
      : [
          {
            object: 'email_address',
            id: 'idn_1',
            email_address: email,
            verification: {
              status: isVerified ? 'verified' : 'unverified',
              strategy: 'email_code',
              attempts: 1,
              expire_at: null,
            },
            linked_to: [],
          },
          {
            object: 'email_address',
            id: 'idn_2',
            email_address: 'second@example.com',
            verification: null,
            linked_to: [],
          },
        ],
  phone_numbers: [],
  web3_wallets: [],
  external_accounts: [],
  enterprise_accounts: [],
  public_metadata: {},
  private_metadata: {},
  unsafe_metadata: {},
  created_at: at,
  updated_at: at,
});

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, {status, body, headers = {}}: Reply): void {
  response.writeHead(status, {'content-type': 'application/json', ...headers});
  response.end(JSON.stringify(body));
}

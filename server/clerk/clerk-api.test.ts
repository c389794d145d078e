// What becomes of requests to Clerk: every one ends, in time and as a value.
import {expect, test} from 'vitest';
import {startClerkBackend, type Mood} from '#test/support/clerk-backend.ts';
import {createClerkApi, type ClerkFailure} from './clerk-api.ts';

const invite = {emailAddress: 'who@example.com', ignoreExisting: true};

async function setUp(options: {timeoutMs?: number; requestsMax?: number; secretKey?: string} = {}) {
  const backend = await startClerkBackend();
  const {url: apiUrl, secretKey} = backend;
  const api = createClerkApi({apiUrl, secretKey, ...options});
  const send = (onLate?: (id: string) => void) =>
    api.ask(async ({invitations}) => (await invitations.createInvitation(invite)).id, onLate);
  return {backend, api, send};
}

test.each<[Mood, ClerkFailure, object]>([
  ['limited', 'limited', {status: 429, retryAfterMs: 60_000}],
  ['down', 'unavailable', {status: 500}],
  ['duplicate', 'refused', {status: 422, code: 'duplicate_record'}],
])('a Clerk that is %s is %s', async (mood, failure, about) => {
  const {backend, send} = await setUp();
  backend.mood = mood;
  const answer = await send();
  expect(answer).toMatchObject({ok: false, failure, ...about});
  expect(JSON.stringify(answer)).not.toContain('who@example.com');
});

test('a secret key that Clerk does not know is denied', async () => {
  const {send} = await setUp({secretKey: 'sk_test_other'});
  expect(await send()).toMatchObject({ok: false, failure: 'denied', status: 401, code: 'clerk_key_invalid'});
});

test('nobody listening is unavailable', async () => {
  const api = createClerkApi({apiUrl: 'http://127.0.0.1:9', secretKey: 'sk_test_x'});
  expect(await api.ask(({users}) => users.getUser('user_1'))).toMatchObject({failure: 'unavailable'});
});

test('what is not there, or done already, is gone', async () => {
  const {backend, api, send} = await setUp();
  await send();
  const revoke = (id: string) => api.ask(({invitations}) => invitations.revokeInvitation(id));
  expect(await revoke('inv_1')).toMatchObject({ok: true});
  expect(await revoke('inv_1')).toMatchObject({failure: 'gone', code: 'invitation_already_revoked'});
  expect(await revoke('inv_9')).toMatchObject({failure: 'gone', code: 'resource_not_found'});
  expect(backend.invitations).toMatchObject([{status: 'revoked'}]);
});

test('an answer that comes too late is not waited for, and told when it comes', async () => {
  const {backend, send} = await setUp({timeoutMs: 50});
  backend.mood = 'silent';
  let tell = (_: string): void => undefined;
  const late = new Promise<string>((resolve) => (tell = resolve));
  expect(await send((id) => tell(id))).toEqual({ok: false, failure: 'unavailable'});
  backend.speak();
  expect(await late).toBe('inv_1');
});

test('past the bound of requests under way no other is begun', async () => {
  const {backend, send} = await setUp({requestsMax: 2, timeoutMs: 50});
  backend.mood = 'silent';
  await Promise.all([send(), send()]);
  expect(await send()).toMatchObject({failure: 'unavailable'});
  expect(backend.requests).toHaveLength(2);
  backend.speak();
  await expect.poll(async () => (await send()).ok).toBe(true);
});

// Looking up users whose tokens do not name them.
import {expect, test} from 'vitest';
import {clerkUserJson, startClerkBackend} from '#test/support/clerk-backend.ts';
import {silentLogger} from '../logger.ts';
import {createClerkApi} from './clerk-api.ts';
import {LOOKUP_PAUSE_MS, PROFILE_KEPT_MS} from './clerk-limits.ts';
import {createProfiles} from './profiles.ts';

async function setUp() {
  const backend = await startClerkBackend();
  const clock = {ms: 1_000_000};
  const api = createClerkApi({apiUrl: backend.url, secretKey: backend.secretKey});
  const profiles = createProfiles({api, log: silentLogger, now: () => clock.ms});
  return {backend, clock, profiles};
}

test('a user is their primary address, verified or not, and their name', async () => {
  const {backend, profiles} = await setUp();
  backend.users.set('user_1', clerkUserJson('user_1', {email: 'ana@example.com'}));
  backend.users.set('user_2', clerkUserJson('user_2', {email: 'ben@example.com', isVerified: false}));
  backend.users.set('user_3', clerkUserJson('user_3', {email: null, firstName: ''}));
  const name = 'Ana Example';
  expect(await profiles.find('user_1')).toEqual({
    kind: 'found',
    profile: {email: 'ana@example.com', emailVerified: true, name},
  });
  expect(await profiles.find('user_2')).toMatchObject({profile: {emailVerified: false}});
  expect(await profiles.find('user_3')).toEqual({
    kind: 'found',
    profile: {emailVerified: false, name: 'Example'},
  });
  expect(await profiles.find('user_4')).toEqual({kind: 'unknown'});
});

test('a profile is kept until it is old, or said to have changed', async () => {
  const {backend, clock, profiles} = await setUp();
  backend.users.set('user_1', clerkUserJson('user_1', {email: 'ana@example.com'}));
  await profiles.find('user_1');
  await profiles.find('user_1');
  expect(backend.requests).toHaveLength(1);
  profiles.forget('user_1');
  await profiles.find('user_1');
  expect(backend.requests).toHaveLength(2);
  clock.ms += PROFILE_KEPT_MS;
  await profiles.find('user_1');
  expect(backend.requests).toHaveLength(3);
});

test('a Clerk that is away is asked once in a while, and its silence is not kept', async () => {
  const {backend, clock, profiles} = await setUp();
  backend.users.set('user_1', clerkUserJson('user_1', {email: 'ana@example.com'}));
  backend.mood = 'down';
  expect(await profiles.find('user_1')).toEqual({kind: 'unavailable'});
  expect(await profiles.find('user_2')).toEqual({kind: 'unavailable'});
  expect(backend.requests).toHaveLength(1);
  backend.mood = 'well';
  clock.ms += LOOKUP_PAUSE_MS;
  expect(await profiles.find('user_1')).toMatchObject({kind: 'found'});
});

test.each(['limited', 'junk'] as const)('a Clerk that is %s is taken as away', async (mood) => {
  const {backend, profiles} = await setUp();
  backend.mood = mood;
  expect(await profiles.find('user_1')).toEqual({kind: 'unavailable'});
});

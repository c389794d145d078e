// Users as their tokens tell of them.
import {randomUUID} from 'node:crypto';
import {afterAll, expect, test} from 'vitest';
import {createTestDatabase} from '#test/support/test-database.ts';
import {createUsers} from './users.ts';

const {database, drop} = await createTestDatabase();
const {pool} = database;
const users = createUsers({pool, now: Date.now});
afterAll(drop);

const newSubject = () => `user_${randomUUID()}`;
const storedEmail = async (subject: string) =>
  (await pool.query<{email: string | null}>('SELECT email FROM users WHERE clerk_user_id = $1', [subject]))
    .rows[0]?.email;

test('the first token of a subject makes one user, also when several come at once', async () => {
  const claims = {subject: newSubject(), emailVerified: false};
  const others = [createUsers({pool, now: Date.now}), createUsers({pool, now: Date.now}), users];
  const found = await Promise.all(others.map((each) => each.resolveUser(claims)));
  expect(new Set(found.map(({id}) => id)).size).toBe(1);
  expect(found[0]).toEqual({id: found[0]!.id, email: null, emailVerified: false, name: null});
});

test('a new address replaces the old one, and an absent one does not', async () => {
  const subject = newSubject();
  await users.resolveUser({subject, email: 'Ana@Example.com', emailVerified: true, name: 'Ana'});
  const moved = await users.resolveUser({subject, email: 'ana@example.org', emailVerified: false});
  expect(moved).toMatchObject({email: 'ana@example.org', emailVerified: false, name: 'Ana'});
  await users.resolveUser({subject, emailVerified: false});
  expect(await storedEmail(subject)).toBe('ana@example.org');
});

test('an address that only our table knows is not taken as verified', async () => {
  const subject = newSubject();
  await users.resolveUser({subject, email: 'ana@example.com', emailVerified: true});
  const user = await users.resolveUser({subject, emailVerified: true});
  expect(user).toMatchObject({email: 'ana@example.com', emailVerified: false});
});

test('the issuer is asked for what the token does not say, and once', async () => {
  const asked: string[] = [];
  const asking = createUsers({
    pool,
    now: Date.now,
    findProfile: (subject) => {
      asked.push(subject);
      const profile = {email: 'ana@example.com', emailVerified: true, name: 'Ana'};
      return Promise.resolve({kind: 'found', profile});
    },
  });
  const subject = newSubject();
  await asking.resolveUser({subject, emailVerified: false});
  const user = await asking.resolveUser({subject, emailVerified: false});
  expect(user).toMatchObject({email: 'ana@example.com', emailVerified: true, name: 'Ana'});
  await asking.resolveUser({subject: newSubject(), email: 'b@example.com', emailVerified: false});
  expect(asked).toEqual([subject]);
});

test('text that Postgres cannot store counts as absent', async () => {
  const user = await users.resolveUser({subject: newSubject(), emailVerified: false, name: 'a\u0000b'});
  expect(user.name).toBeNull();
});

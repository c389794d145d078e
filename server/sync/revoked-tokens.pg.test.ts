// Which sign-ins a node refuses, and when it hears of them.
import {afterAll, expect, test} from 'vitest';
import {insertRevokedClaim} from '#db/revoked-tokens.ts';
import {withoutTenant} from '#db/transaction.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {createRevokedTokens, REVOKED_TOKEN_HOURS} from './revoked-tokens.ts';

const {database, drop} = await createTestDatabase();
const {pool} = database;
afterAll(drop);

const revoke = (claim: 'sid' | 'sub', value: string) =>
  withoutTenant(pool, (client) => insertRevokedClaim(client, {claim, value}));

const isRefused = (tokens: ReturnType<typeof createRevokedTokens>, subject: string, sessionId?: string) => {
  try {
    tokens.assertGood({subject, sessionId});
    return false;
  } catch (error) {
    expect(error).toMatchObject({code: 'session_revoked'});
    return true;
  }
};

test('one session, or all that a user has, and nobody else', async () => {
  const tokens = createRevokedTokens({pool, now: Date.now});
  await revoke('sid', 'sess_1');
  await revoke('sub', 'user_2');
  await tokens.refresh();
  expect(isRefused(tokens, 'user_1', 'sess_1')).toBe(true);
  expect(isRefused(tokens, 'user_1', 'sess_other')).toBe(false);
  expect(isRefused(tokens, 'user_2', 'sess_3')).toBe(true);
  expect(isRefused(tokens, 'user_2')).toBe(true);
  // Claims of one kind are not taken for the other.
  expect(isRefused(tokens, 'sess_1', 'user_2')).toBe(false);
});

test('whoever watches is told once, by either claim, and not after they stopped', async () => {
  const tokens = createRevokedTokens({pool, now: Date.now});
  const told: string[] = [];
  tokens.watch({subject: 'user_w', sessionId: 'sess_w'}, () => told.push('both'));
  tokens.watch({subject: 'user_w', sessionId: 'sess_v'}, () => told.push('other session'));
  tokens.watch({subject: 'user_w', sessionId: 'sess_w'}, () => told.push('gone'))();
  await revoke('sid', 'sess_w');
  await tokens.refresh();
  expect(told).toEqual(['both']);
  await revoke('sub', 'user_w');
  await tokens.refresh();
  expect(told).toEqual(['both', 'other session']);
  tokens.watch({subject: 'user_w'}, () => told.push('too late'));
  expect(told.at(-1)).toBe('too late');
});

test('one that commits late is not skipped', async () => {
  const tokens = createRevokedTokens({pool, now: Date.now});
  const slow = await pool.connect();
  await slow.query('BEGIN');
  await insertRevokedClaim(slow, {claim: 'sid', value: 'sess_slow'});
  let isCommitted = false;
  const fast = revoke('sid', 'sess_fast').then(() => (isCommitted = true));
  // Of this database only: others of the same server have waiting connections of their own.
  const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const isWaiting = async () => (await slow.query(waiting)).rowCount === 1;
  await expect.poll(async () => isCommitted || (await isWaiting())).toBe(true);
  await tokens.refresh();
  expect(isRefused(tokens, 'user', 'sess_fast')).toBe(false);
  await slow.query('COMMIT');
  slow.release();
  await fast;
  await tokens.refresh();
  expect(isRefused(tokens, 'user', 'sess_slow')).toBe(true);
  expect(isRefused(tokens, 'user', 'sess_fast')).toBe(true);
});

test('a refresh asked for during another sees what was there when it was asked', async () => {
  const tokens = createRevokedTokens({pool, now: Date.now});
  const first = tokens.refresh();
  await revoke('sid', 'sess_between');
  await Promise.all([tokens.refresh(), tokens.refresh(), first]);
  expect(isRefused(tokens, 'user', 'sess_between')).toBe(true);
});

test('a claim is forgotten when its tokens are long expired', async () => {
  const clock = {ms: Date.now()};
  const tokens = createRevokedTokens({pool, now: () => clock.ms});
  await revoke('sid', 'sess_old');
  await tokens.refresh();
  clock.ms += REVOKED_TOKEN_HOURS * 3_600_000 + 1_000;
  await tokens.refresh();
  expect(isRefused(tokens, 'user', 'sess_old')).toBe(false);
});

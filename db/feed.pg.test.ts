import {randomUUID} from 'node:crypto';
import {afterAll, beforeAll, expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createTestDatabase, type TestDatabase} from '#test/support/test-database.ts';
import {positionBefore, readFeed, readHead, readScopedFeed} from './feed.ts';
import {readAtOnce} from './transaction.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test('the feed of a tenant that has written nothing yet is empty, and its head is 0', async () => {
  const tenantId = randomUUID() as TenantId;
  const {pool} = database.database;
  const page = {after: 0, limit: 9};
  const userId = randomUUID();
  expect(await readAtOnce(pool, tenantId, (client) => readFeed(client, tenantId, page))).toEqual({
    records: [],
    head: 0,
  });
  expect(
    await readAtOnce(pool, tenantId, (client) => readScopedFeed(client, tenantId, {userId, ...page})),
  ).toEqual({entries: [], head: 0});
  expect(await readAtOnce(pool, tenantId, (client) => readHead(client, tenantId))).toBe(0);
  expect(await readAtOnce(pool, tenantId, (client) => positionBefore(client, tenantId, new Date()))).toBe(0);
});

import {expect, test} from 'vitest';
import {NODE_PENDING_MAX} from '#crdt/protocol/limits.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {createBusBatch} from './bus-batch.ts';
import type {TenantNews} from './bus.ts';

const newsOf = (tenant: string, to: number, accessVersion: number | null = null): TenantNews => ({
  tenantId: tenant as TenantId,
  to,
  accessVersion,
});

test('of a tenant only the furthest position and access version are kept', () => {
  const batch = createBusBatch();
  batch.addNews(newsOf('a', 5), 30);
  batch.addNews(newsOf('a', 3, 7), 20);
  batch.addNews(newsOf('a', 4, 6), 40);
  batch.addNews(newsOf('b', 1), 50);
  expect(batch.take()).toEqual({
    since: 20,
    isOverflown: false,
    news: [newsOf('a', 5, 7), newsOf('b', 1)],
    sessions: [],
  });
  expect(batch.isEmpty()).toBe(true);
});

test('what could not be sent goes with what came meanwhile', () => {
  const batch = createBusBatch();
  batch.addNews(newsOf('a', 5, 1), 10);
  batch.addSession('s', 10);
  const taken = batch.take();
  batch.addNews(newsOf('a', 6), 20);
  batch.putBack(taken);
  expect(batch.take()).toEqual({
    since: 10,
    isOverflown: false,
    news: [newsOf('a', 6, 1)],
    sessions: ['s'],
  });
});

test('past the bound nothing is added, and it says so', () => {
  const batch = createBusBatch();
  for (let tenant = 0; tenant < NODE_PENDING_MAX; tenant++) batch.addNews(newsOf(`t${tenant}`, 1), 0);
  expect(batch.size()).toBe(NODE_PENDING_MAX);
  batch.addNews(newsOf('one more', 1), 0);
  batch.addNews(newsOf('t0', 2), 0);
  expect(batch.size()).toBe(NODE_PENDING_MAX);
  const {isOverflown, news} = batch.take();
  expect(isOverflown).toBe(true);
  expect(news.find(({tenantId}) => tenantId === 't0')?.to).toBe(2);
});

test('at the bound a session takes the place of a tenant, then of the oldest session', () => {
  const batch = createBusBatch();
  for (let tenant = 0; tenant < NODE_PENDING_MAX; tenant++) batch.addNews(newsOf(`t${tenant}`, 1), 0);
  for (let session = 0; session <= NODE_PENDING_MAX; session++) batch.addSession(`s${session}`, 0);
  const {isOverflown, news, sessions} = batch.take();
  expect(isOverflown).toBe(true);
  expect(news).toEqual([]);
  expect(sessions).toHaveLength(NODE_PENDING_MAX);
  expect([sessions[0], sessions.at(-1)]).toEqual(['s1', `s${NODE_PENDING_MAX}`]);
});

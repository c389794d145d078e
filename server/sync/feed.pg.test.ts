// Pages of the feed as the edges get them.
import {expect, test} from 'vitest';
import {createArena, kept, type Arena, type Node} from '#test/support/lane-kit.ts';
import {jsonSubmission, newTask} from '#test/support/submissions.ts';
import {createFeed} from './feed.ts';
import type {Member} from './members.ts';

async function withTasks(count: number) {
  const arena = await createArena();
  const node = await arena.startNode();
  const tasks = Array.from({length: count}, (_, index) => newTask(arena.manager, `Task ${index}`));
  const seqs: number[] = [];
  for (const {create} of tasks) seqs.push(kept(await node.submit(create)).seq!);
  return {arena, node, tasks, seqs};
}

const idsOf = ({items}: {items: readonly {id: string}[]}): string[] => items.map(({id}) => id);

async function pageTo(node: Node, member: Member, options: {after: number; limit: number}) {
  const {to, hasMore} = await node.service.feed.readPage(member, options);
  return {to, hasMore};
}

test('a full page says where it ends and that more may follow; one that is not full goes up to the head', async () => {
  const {arena, node, tasks, seqs} = await withTasks(3);
  const {feed} = node.service;
  const after = seqs[0]! - 1;
  const head = await feed.readHead(arena.tenantId);
  expect(head).toBe(seqs[2]);
  expect(await feed.readPage(arena.manager, {after, limit: 2})).toMatchObject({
    items: tasks.slice(0, 2).map(({id}, index) => ({id, place: seqs[index], seq: seqs[index]})),
    removed: [],
    to: seqs[1],
    hasMore: true,
  });
  expect(await pageTo(node, arena.manager, {after, limit: 3})).toEqual({to: head, hasMore: true});
  expect(await pageTo(node, arena.manager, {after, limit: 4})).toEqual({to: head, hasMore: false});
  expect(await pageTo(node, arena.manager, {after: head, limit: 4})).toEqual({to: head, hasMore: false});
});

test('who may see nothing of what came stands at the head all the same', async () => {
  const {arena, node, seqs} = await withTasks(2);
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  const head = await node.service.feed.readHead(arena.tenantId);
  expect(await pageTo(node, employee, {after: seqs[0]!, limit: 9})).toEqual({to: head, hasMore: false});
});

test('past the head there is no page but a resync', async () => {
  const {arena, node} = await withTasks(1);
  const {feed} = node.service;
  const after = (await feed.readHead(arena.tenantId)) + 1;
  const resync = expect.objectContaining({code: 'resync'}) as Error;
  await expect(feed.readPage(arena.manager, {after, limit: 5})).rejects.toThrow(resync);
  await expect(feed.readAll(arena.tenantId, {after, limit: 5})).rejects.toThrow(resync);
});

test('a record stands in the feed once, where it changed last', async () => {
  const {arena, node, tasks, seqs} = await withTasks(2);
  const after = seqs[0]! - 1;
  const change = jsonSubmission(arena.manager, {
    entity: 'tasks',
    id: tasks[0]!.id,
    payload: {title: 'Again'},
  });
  await node.submit(change);
  const page = await node.service.feed.readAll(arena.tenantId, {after, limit: 9});
  expect(idsOf(page)).toEqual([tasks[1]!.id, tasks[0]!.id]);
});

test('who asks at the same time gets their own page', async () => {
  const {arena, node, tasks, seqs} = await withTasks(3);
  const {feed} = node.service;
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  const other = await arena.tenancy.newTenant();
  const after = seqs[0]! - 1;
  const all = {after, limit: 9};
  const pages = await Promise.all([
    feed.readPage(arena.manager, all),
    feed.readPage(await arena.tenancy.onNewDevice(arena.manager), all),
    feed.readPage(employee, all),
    feed.readPage(arena.manager, {after: seqs[0]!, limit: 9}),
    feed.readPage(arena.manager, {after, limit: 1}),
    feed.readPage(other.manager, {after: 0, limit: 9}),
  ]);
  const ids = tasks.map(({id}) => id);
  expect(pages.map(idsOf)).toEqual([ids, ids, [], ids.slice(1), ids.slice(0, 1), []]);
});

test('a page that all managers ask for at the same time is read once', async () => {
  const {arena, node} = await withTasks(1);
  const {pool, tenantKeys} = node.service;
  let reads = 0;
  const feed = createFeed({
    pool,
    cipherOf(tenantId) {
      reads++;
      return tenantKeys.cipherOf(tenantId);
    },
  });
  const colleague = await arena.tenancy.newMember(arena.manager, 'manager');
  const readers = Array.from({length: 8}, (_, index) => (index % 2 === 0 ? arena.manager : colleague));
  await Promise.all(readers.map((reader) => feed.readPage(reader, {after: 0, limit: 9})));
  expect(reads).toBe(1);
});

test('one record is read by who may see it, and by nobody else', async () => {
  const {arena, node, tasks} = await withTasks(1);
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  const {id} = tasks[0]!;
  expect(await node.service.feed.readOne(arena.manager, {entity: 'tasks', id})).toMatchObject({id});
  expect(await node.service.feed.readOne(employee, {entity: 'tasks', id})).toBeUndefined();
  expect(await node.service.feed.readOne(arena.manager, {entity: 'clients', id})).toBeUndefined();
});

test('the position before a moment is that of the last change before it', async () => {
  const {arena, node, seqs} = await withTasks(2);
  const {feed} = node.service;
  const at = await timesOf(arena, seqs);
  const before = (moment: Date): Promise<number> => feed.positionBefore(arena.tenantId, moment);
  expect(await before(new Date(0))).toBe(0);
  expect(await before(at[1]!)).toBe(seqs[0]);
  expect(await before(new Date(at[1]!.getTime() + 1))).toBe(seqs[1]);
});

/** When each of these changes was committed: a minute apart, so that one cannot share its moment with another. */
async function timesOf({owner}: Arena, seqs: readonly number[]): Promise<Date[]> {
  return Promise.all(
    seqs.map(async (seq, index) => {
      const at = new Date(Date.now() + index * 60_000);
      await owner.query('UPDATE audit_logs SET at = $2 WHERE seq = $1', [seq, at]);
      return at;
    }),
  );
}

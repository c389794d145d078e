// Followers hear of every commit, in order and linked, whichever node made it.
import {expect, test, vi} from 'vitest';
import {createArena, follow, kept, type Node} from '#test/support/lane-kit.ts';
import {jsonSubmission, newTask} from '#test/support/submissions.ts';
import {WAIT} from '#test/support/wait.ts';
import {withTenant} from '#db/transaction.ts';
import {appendAudit} from '#db/audit.ts';
import type {Batch} from './fan-out.ts';

const isLinked = (batches: readonly Batch[]): boolean =>
  batches.every(({from}, index) => index === 0 || from === batches[index - 1]!.to);

test('commits of this node arrive in order, each beginning where the one before ended', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const {batches, to} = follow(node, arena.manager);
  for (let index = 0; index < 10; index++) await node.submit(newTask(arena.manager, `Task ${index}`).create);
  const head = await node.service.feed.readHead(arena.tenantId);
  await vi.waitUntil(() => to() === head, WAIT);
  expect(isLinked(batches)).toBe(true);
  expect(batches.flatMap(({records}) => records.map(({deltas}) => deltas.length > 0))).not.toContain(false);
});

test('commits of another node arrive after a hint, linked with those of this one', async () => {
  const arena = await createArena();
  const [here, there] = [await arena.startNode(), await arena.startNode()];
  const {batches, to} = follow(here, arena.manager);
  const ids: string[] = [];
  const submit = async (node: Node) => {
    const task = newTask(arena.manager);
    ids.push(task.id);
    await node.submit(task.create);
  };
  await submit(here);
  for (let round = 0; round < 5; round++) {
    await submit(there);
    await submit(there);
    here.service.fanOut.hinted(arena.tenantId);
    await submit(here);
    await submit(there);
  }
  here.service.fanOut.hinted(arena.tenantId);
  const head = await here.service.feed.readHead(arena.tenantId);
  await vi.waitUntil(() => to() === head, WAIT);
  expect(isLinked(batches)).toBe(true);
  const told = new Set(batches.flatMap(({records}) => records.map(({id}) => id)));
  expect(ids.filter((id) => !told.has(id))).toEqual([]);
});

test('a hint before any commit was seen here says where the tenant is, so that followers see what they lack', async () => {
  const arena = await createArena();
  const [here, there] = [await arena.startNode(), await arena.startNode()];
  const {batches} = follow(here, arena.manager);
  const {seq} = kept(await there.submit(newTask(arena.manager).create));
  here.service.fanOut.hinted(arena.tenantId, seq!);
  await vi.waitUntil(() => batches.length > 0, WAIT);
  expect(batches[0]).toMatchObject({from: seq, to: seq, records: []});
});

test('conflicts of a commit are told even where its records come from the feed', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const other = await arena.tenancy.onNewDevice(arena.manager);
  const task = newTask(arena.manager);
  const {batches, to} = follow(node, arena.manager);
  await node.submit(task.create);
  // Takes a position that no lane knows of.
  await withTenant(arena.database.pool, arena.tenantId, (client) =>
    appendAudit(client, arena.tenantId, [
      {
        action: 'x',
        entity: null,
        recordId: null,
        userId: null,
        deviceId: null,
        summary: 'Elsewhere.',
        detail: null,
      },
    ]),
  );
  await node.submit(
    jsonSubmission(other, {...task, base: {kind: 'cursor', seq: 0}, payload: {title: 'Blind'}}),
  );
  const head = await node.service.feed.readHead(arena.tenantId);
  await vi.waitUntil(() => to() === head && batches.some(({conflicts}) => conflicts.length > 0), WAIT);
  expect(isLinked(batches)).toBe(true);
  expect(batches.flatMap(({conflicts}) => conflicts)).toHaveLength(1);
});

test('a follower that stops twice takes nobody else along', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const first = follow(node, arena.manager);
  first.stop();
  const second = follow(node, arena.manager);
  first.stop();
  await node.submit(newTask(arena.manager).create);
  await vi.waitUntil(() => second.batches.length === 1, WAIT);
  expect(first.batches).toEqual([]);
  expect(node.service.fanOut.followers()).toBe(1);
});

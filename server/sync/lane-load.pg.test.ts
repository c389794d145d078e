// What is told of lanes from outside: what they have before them, and since when.
import {expect, onTestFinished, test, vi} from 'vitest';
import {createArena, query, untilWaiting, type Arena} from '#test/support/lane-kit.ts';
import {jsonSubmission, newTask} from '#test/support/submissions.ts';
import {WAIT} from '#test/support/wait.ts';

/** Nothing of the tenant is committed until the returned function was called. */
async function hold({owner}: Arena, tenantId: string): Promise<() => Promise<unknown>> {
  const holder = await owner.connect();
  onTestFinished(() => holder.release(true));
  await holder.query('BEGIN');
  await holder.query('SELECT FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [tenantId]);
  return () => holder.query('COMMIT');
}

test('a lane at rest has nothing before it', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const nothing = {changes: 0, tenants: 0, stalledMs: 0, quietMs: 0};
  expect(node.service.lanes.load()).toEqual(nothing);
  await node.submit(newTask(arena.manager).create);
  await node.service.lanes.idle();
  expect(node.service.lanes.load()).toEqual(nothing);
  expect(node.service.lanes.depth(arena.tenantId)).toBe(0);
});

test('what is being committed and what waits is counted, of one tenant and of all', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const {lanes} = node.service;
  const other = await arena.tenancy.newTenant();
  const started = performance.now();
  const release = await hold(arena, arena.tenantId);
  const first = node.submit(newTask(arena.manager).create);
  await untilWaiting(arena);
  const rest = [1, 2].map(() => node.submit(newTask(arena.manager).create));
  expect([lanes.depth(arena.tenantId), lanes.depth(other.tenantId)]).toEqual([3, 0]);
  await node.submit(newTask(other.manager).create);
  await vi.waitUntil(() => lanes.depth(other.tenantId) === 0, WAIT);
  const {changes, tenants, stalledMs, quietMs} = lanes.load();
  const elapsed = performance.now() - started;
  expect({changes, tenants}).toEqual({changes: 3, tenants: 1});
  // The other tenant was answered while the first waited.
  expect(quietMs).toBeGreaterThan(0);
  expect(stalledMs).toBeGreaterThan(quietMs);
  expect(elapsed).toBeGreaterThan(stalledMs);
  await release();
  await lanes.idle();
  expect((await Promise.all([first, ...rest])).map(({kind}) => kind)).toEqual(Array(3).fill('applied'));
});

test('roles that a lane was told to forget are read anew, and those of other tenants stay known', async () => {
  const arena = await createArena();
  const node = await arena.startNode();
  const other = await arena.tenancy.newTenant();
  const edit = (title: string) => node.submit(jsonSubmission(arena.manager, {...task, payload: {title}}));
  const task = newTask(arena.manager);
  await node.submit(task.create);
  // Past the versions, which would tell the lane by themselves.
  await query(arena, `UPDATE memberships SET status = 'removed' WHERE tenant_id = $1`, [arena.tenantId]);
  node.service.lanes.forgetAccess(other.tenantId);
  expect((await edit('Wall')).kind).toBe('applied');
  node.service.lanes.forgetAccess(arena.tenantId);
  expect(await edit('Door')).toMatchObject({kind: 'rejected', error: {code: 'no_membership'}});
});

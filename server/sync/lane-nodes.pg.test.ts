// Two servers over one database: they share the records and nothing else.
import {expect, test} from 'vitest';
import * as Y from 'yjs';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {saveMembership} from '#db/memberships.ts';
import {appendAudit} from '#db/audit.ts';
import {withTenant} from '#db/transaction.ts';
import {createArena, kept, query, untilWaiting, type Arena} from '#test/support/lane-kit.ts';
import {createReplica, jsonSubmission, newTask} from '#test/support/submissions.ts';
import type {Member} from './members.ts';

async function twoNodes() {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()] as const;
  const task = newTask(arena.manager);
  const created = kept(await nodes[0].submit(task.create));
  const read = async () => (await nodes[0].service.feed.readOne(arena.manager, task))!;
  return {arena, nodes, task, seq: created.seq!, read};
}

/** As another node would do it: this one's lanes are not told. */
async function changeMembership(
  {database, tenantId}: Arena,
  member: Member,
  set: 'removed' | 'manager' | 'employee',
): Promise<void> {
  await withTenant(database.pool, tenantId, async (client) => {
    const {userId, membershipId: id, employeeId} = member;
    if (set === 'removed') {
      await client.query(`UPDATE memberships SET status = 'removed' WHERE user_id = $1`, [userId]);
    } else {
      await saveMembership(client, tenantId, {id, userId, role: set, employeeId});
    }
    const row = {
      action: 'member.changed',
      entity: 'memberships',
      recordId: id,
      userId,
      deviceId: null,
      summary: 'Changed by another node.',
      detail: null,
    };
    await appendAudit(client, tenantId, [row], {changesAccess: true});
  });
}

// I32 of docs/reliability.md.
test('two nodes that write one record at once converge, and record exactly what was overwritten', async () => {
  const {arena, nodes, task, read} = await twoNodes();
  const rounds = 25;
  const devices = [
    createReplica(arena.manager, task),
    createReplica(await arena.tenancy.onNewDevice(arena.manager), task),
  ];
  for (let round = 0; round < rounds; round++) {
    const {state} = await read();
    for (const device of devices) device.receive(state);
    const receipts = await Promise.all(
      devices.map((device, index) => nodes[index]!.submit(device.set('title', `Round ${round} by ${index}`))),
    );
    // Both had seen the same: the one that came second met the first, once.
    expect(receipts.flatMap((receipt) => kept(receipt).conflicts)).toHaveLength(1);
  }
  expect(await query(arena, 'SELECT FROM conflict_logs')).toHaveLength(rounds);
  const {state, seq} = await read();
  for (const device of devices) device.receive(state);
  const [row] = await query<{title: string; seq: number}>(arena, 'SELECT title, seq FROM tasks');
  for (const {doc} of devices) expect((doc.getMap('fields').get('title') as unknown[])[1]).toBe(row!.title);
  expect(row!.seq).toBe(seq);
  expect(nodes.flatMap(({faults}) => faults)).toEqual([]);
});

test('two nodes that create one record at once make one, and both changes count', async () => {
  const arena = await createArena();
  const nodes = [await arena.startNode(), await arena.startNode()];
  const other = await arena.tenancy.onNewDevice(arena.manager);
  for (let round = 0; round < 15; round++) {
    const task = newTask(arena.manager, 'Mine');
    const theirs = jsonSubmission(other, {
      ...task,
      base: {kind: 'cursor', seq: 0},
      payload: {title: 'Theirs', priority: 'high'},
    });
    const mine = jsonSubmission(arena.manager, {
      ...task,
      base: {kind: 'cursor', seq: 0},
      payload: {title: 'Mine', cancelReason: 'None'},
    });
    const receipts = await Promise.all([nodes[0]!.submit(mine), nodes[1]!.submit(theirs)]);
    expect(receipts.flatMap((receipt) => kept(receipt).conflicts)).toHaveLength(1);
    const [row] = await query(arena, 'SELECT priority, cancel_reason FROM tasks WHERE id = $1', [task.id]);
    expect(row).toEqual({priority: 'high', cancel_reason: 'None'});
  }
  const numbers = await query<{number: number}>(arena, 'SELECT number FROM tasks ORDER BY number');
  expect(numbers.map(({number}) => number)).toEqual(numbers.map((_, index) => index + 1));
});

test('what the server writes bears its own client id, on documents it loaded too', async () => {
  const {arena, nodes, task, read} = await twoNodes();
  const other = await arena.tenancy.onNewDevice(arena.manager);
  const clients = new Set<number>();
  for (let round = 0; round < 4; round++) {
    const {state, seq} = await read();
    const device = createReplica(other, task);
    device.receive(state);
    clients.add(device.doc.clientID);
    await nodes[0].submit(jsonSubmission(arena.manager, {...task, payload: {title: `JSON ${round}`}}));
    // Later by its clock, and restated: the server's item is the one that Yjs shows.
    await nodes[1].submit(device.set('title', `Yjs ${round}`));
    await nodes[0].submit(
      jsonSubmission(arena.manager, {...task, base: {kind: 'cursor', seq}, payload: {priority: 'low'}}),
    );
    for (const {service} of nodes) service.cache.clear();
  }
  const authors = [...Y.decodeStateVector(Y.encodeStateVectorFromUpdate((await read()).state)).keys()];
  for (const author of authors.filter((id) => !clients.has(id))) {
    expect(author).toBeGreaterThanOrEqual(SERVER_CLIENT_ID_MIN);
  }
});

// I22 of docs/reliability.md.
test('a member removed between decision and commit is refused, and nothing of theirs is kept', async () => {
  const {arena, nodes, task} = await twoNodes();
  const member = await arena.tenancy.newMember(arena.manager, 'manager');
  expect((await nodes[0].submit(jsonSubmission(member, {...task, payload: {title: 'One'}}))).kind).toBe(
    'applied',
  );
  // Holds the counter: the lane has decided and waits to commit.
  const holder = await arena.owner.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM tenant_counters WHERE tenant_id = $1 FOR UPDATE', [arena.tenantId]);
  const receipts = Promise.all([
    nodes[0].submit(jsonSubmission(member, {...task, payload: {title: 'Two'}})),
    nodes[0].submit(jsonSubmission(arena.manager, {...task, payload: {priority: 'high'}})),
  ]);
  await untilWaiting(arena);
  await holder.query(`UPDATE memberships SET status = 'removed' WHERE user_id = $1`, [member.userId]);
  await holder.query('UPDATE tenant_counters SET access_version = access_version + 1');
  await holder.query('COMMIT');
  holder.release();
  const [theirs, managers] = await receipts;
  expect(theirs).toMatchObject({kind: 'rejected', error: {code: 'no_membership'}});
  expect(managers.kind).toBe('applied');
  expect(nodes[0].faults.map(({kind}) => kind)).toEqual(['access']);
  expect(await query(arena, 'SELECT title, priority FROM tasks')).toEqual([{title: 'One', priority: 'high'}]);
});

test('a refusal is not decided on a role that changed on another node', async () => {
  const {arena, nodes, task} = await twoNodes();
  const member = await arena.tenancy.newMember(arena.manager, 'employee');
  const change = (title: string) => jsonSubmission(member, {...task, payload: {title}});
  expect(await nodes[0].submit(change('One'))).toMatchObject({
    kind: 'rejected',
    error: {code: 'out_of_scope'},
  });
  await changeMembership(arena, member, 'manager');
  expect(await nodes[0].submit(change('Two'))).toMatchObject({kind: 'applied'});
  await changeMembership(arena, member, 'removed');
  expect(await nodes[0].submit(change('Three'))).toMatchObject({error: {code: 'no_membership'}});
  await changeMembership(arena, member, 'manager');
  expect(await nodes[0].submit(change('Four'))).toMatchObject({kind: 'applied'});
});

test('a device revoked on another node writes no more, and the others of its member do', async () => {
  const {arena, nodes, task} = await twoNodes();
  const member = await arena.tenancy.newMember(arena.manager, 'manager');
  const other = await arena.tenancy.onNewDevice(member);
  const change = (by: Member, title: string) => jsonSubmission(by, {...task, payload: {title}});
  expect(await nodes[0].submit(change(member, 'One'))).toMatchObject({kind: 'applied'});
  await query(arena, `UPDATE devices SET revoked_at = now() WHERE id = '${member.deviceId}'`);
  await query(arena, 'UPDATE tenant_counters SET access_version = access_version + 1');
  expect(await nodes[0].submit(change(member, 'Two'))).toMatchObject({error: {code: 'no_membership'}});
  expect(await nodes[0].submit(change(other, 'Three'))).toMatchObject({kind: 'applied'});
});

test('roles forgotten while a group is being decided do not make its members strangers', async () => {
  const {arena, nodes, task} = await twoNodes();
  await nodes[0].submit(jsonSubmission(arena.manager, {...task, payload: {priority: 'low'}}));
  const holder = await arena.owner.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM records FOR UPDATE');
  const receipt = nodes[0].submit(jsonSubmission(arena.manager, {...task, payload: {title: 'Mine'}}));
  await untilWaiting(arena);
  nodes[0].service.lanes.forgetAccess(arena.tenantId);
  await holder.query('COMMIT');
  holder.release();
  expect((await receipt).kind).toBe('applied');
});

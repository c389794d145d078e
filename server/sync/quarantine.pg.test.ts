// A kept change and the verdict on it are one commit, wherever the database goes away; and what is long decided goes.
import {expect, test} from 'vitest';
import {forgetDecided} from '#db/quarantine.ts';
import {createArena, kept, query, untilWaiting, type Arena} from '#test/support/lane-kit.ts';
import {jsonSubmission, newTask} from '#test/support/submissions.ts';
import {isCommit} from '#test/support/fault-proxy.ts';
import {startTcpProxy, type Cut} from '#test/support/tcp-proxy.ts';
import {applyKept, discardKept, listKept} from './quarantine.ts';

/** The COMMIT of a lane that lets a kept change in. */
function commitOfApproval(): (sent: string) => boolean {
  let isWritten = false;
  return (sent) => {
    isWritten ||= sent.includes('approved AS (');
    return isWritten && isCommit(sent);
  };
}

async function keptThroughProxy() {
  const arena = await createArena();
  const proxy = await startTcpProxy(arena.url);
  const node = await arena.startNode({url: proxy.url});
  const task = newTask(arena.manager);
  kept(await node.submit(task.create));
  const employee = await arena.tenancy.newMember(arena.manager, 'employee');
  const change = (text: string) =>
    jsonSubmission(employee, {...task, base: {kind: 'cursor', seq: 0}, payload: {notes: {append: text}}});
  expect(await node.submit(change('Once.'))).toMatchObject({error: {code: 'out_of_scope'}});
  const page = await listKept(node.service, arena.manager, {status: 'open', cursor: undefined, limit: 9});
  return {arena, proxy, node, change, id: page.items[0]!.id};
}

const lookAt = async (arena: Arena) => {
  const [row] = await query<object>(
    arena,
    `SELECT q.status, q.decision_seq = a.seq AS "isLogged",
            (SELECT count(*)::int FROM audit_logs WHERE action IN ('record.update', 'quarantine.applied')) AS log
     FROM quarantined_changes q LEFT JOIN audit_logs a ON a.seq = q.decision_seq`,
  );
  return row;
};

const cuts: [string, Cut['when']][] = [
  ['before COMMIT reaches the database', 'before'],
  ['after COMMIT reached the database', 'after'],
];
for (const [moment, when] of cuts) {
  test(`a connection cut ${moment}: a kept change is let in once, and its author's text is there once`, async () => {
    const {arena, proxy, node, id} = await keptThroughProxy();
    proxy.cutNext({at: commitOfApproval(), when});
    expect(await applyKept(node.service, arena.manager, id)).toMatchObject({status: 'applied'});
    expect(proxy.isArmed()).toBe(false);
    const again = await applyKept(node.service, arena.manager, id).catch((error: unknown) => error);
    expect(again).toMatchObject({code: 'already_decided', details: {current: {status: 'applied'}}});
    expect(await lookAt(arena)).toEqual({status: 'applied', isLogged: true, log: 2});
    const {items} = await listKept(node.service, arena.manager, {
      status: undefined,
      cursor: undefined,
      limit: 9,
    });
    expect(items[0]?.changes).toMatchObject([{field: 'notes', current: 'Once.'}]);
  });
}

test('a server that dies before the commit leaves neither the change nor a verdict', async () => {
  const {arena, node, id} = await keptThroughProxy();
  const holder = await arena.owner.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM quarantined_changes FOR UPDATE');
  const dying = await arena.startNode();
  const applying = applyKept(dying.service, arena.manager, id).catch((error: unknown) => error);
  const [waiting] = await untilWaiting(arena);
  await query(arena, 'SELECT pg_terminate_backend($1)', [waiting]);
  expect(await lookAt(arena)).toMatchObject({status: 'open', log: 0});
  const discarding = discardKept(node.service, arena.manager, {id, request: {}});
  await holder.query('COMMIT');
  holder.release();
  const [one, two] = await Promise.allSettled([applying, discarding]);
  // The lane tries again by itself: one of the two is heard, and the record says the same.
  const isApplied = two.status === 'rejected';
  expect(one).toMatchObject({value: isApplied ? {status: 'applied'} : {code: 'already_decided'}});
  expect(await lookAt(arena)).toEqual({
    status: isApplied ? 'applied' : 'discarded',
    isLogged: true,
    log: isApplied ? 2 : 0,
  });
});

test('decided entries are forgotten after their days, and open ones never', async () => {
  const {arena, node, change, id} = await keptThroughProxy();
  await node.submit(change('Twice.'));
  await discardKept(node.service, arena.manager, {id, request: {note: 'Done already'}});
  await query(arena, `UPDATE quarantined_changes SET arrived_at = now() - interval '400 days'`);
  expect(await forgetDecided(node.service.pool, 90)).toBe(0);
  await query(arena, `UPDATE quarantined_changes SET decided_at = decided_at - interval '91 days'`);
  expect(await forgetDecided(node.service.pool, 90)).toBe(1);
  expect(await query(arena, 'SELECT status FROM quarantined_changes')).toEqual([{status: 'open'}]);
});

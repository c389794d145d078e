// Every point that a change comes to between the parser and its acknowledgement, times everything that can go wrong there
// while the process lives on; crash-kill.pg.test.ts has the kills.
import {expect, onTestFinished, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {verifyDatabase} from '#server/sync/verify.ts';
import {pathOf} from './crash-path.ts';
import {connectTo} from './node-callers.ts';
import {prepareGround, prepareTrial, readTrace, sendArmed, startTappedNode, type Way} from './crash-scene.ts';
import type {CrashFault} from './crash-tap.ts';
import type {Sent} from '#test/support/fault-proxy.ts';
import {startTcpProxy} from '#test/support/tcp-proxy.ts';
import {WAIT} from '#test/support/wait.ts';

/** Statements in messages to Postgres: of the simple protocol (Q), and up to a Sync of the extended one (S). */
function countExecuted(sent: Sent): number {
  // How a connection begins has a form of its own, and what is then set is no part of a change.
  if (sent.startsWith('\0') || sent.includes('PREPARE at_once')) return 0;
  let count = 0;
  for (let from = 0; from < sent.length; from += 1 + Buffer.from(sent, 'latin1').readUInt32BE(from + 1)) {
    if (sent[from] === 'Q' || sent[from] === 'S') count++;
  }
  return count;
}

const faults: readonly CrashFault[] = ['exception', 'connection cut', 'COMMIT unknown'];
const ways: readonly Way[] = ['live, at once', 'live, locked', 'REST, locked'];

test.each(ways)('%s: a change comes to these points and no other', async (way) => {
  const ground = await prepareGround();
  const proxy = await startTcpProxy(ground.options.databaseUrl);
  const {node, tap} = await startTappedNode(ground, {databaseUrl: proxy.url});
  const trial = await prepareTrial(ground, {way, port: node.port});
  expect(await sendArmed(trial, tap, null)).toBe(true);
  trial.close();
  expect(tap.trace).toEqual(pathOf(way));
  // The wire, counted by somebody who knows nothing of points: no statement gets there past the tap.
  const executed = () => proxy.sent.reduce((count, sent) => count + countExecuted(sent), 0);
  await expect.poll(() => executed() - tap.asked(), WAIT).toBe(0);
});

test.each(ways.flatMap((way) => faults.map((fault) => ({way, fault}))))(
  '$way: after $fault at any point nothing acknowledged is lost, and sent again it counts once',
  {timeout: 120_000},
  async ({way, fault}) => {
    const ground = await prepareGround();
    const {node, tap} = await startTappedNode(ground);
    const {port} = node;
    const follower = await (await connectTo(port, ground.manager.onNewDevice())).live();
    onTestFinished(() => follower.close());
    const points = pathOf(way);
    const tenantId = ground.manager.tenantId as TenantId;
    const unharmed = await prepareTrial(ground, {way, port});
    await sendArmed(unharmed, tap, null);
    await unharmed.resend(port);
    unharmed.close();
    const once = await readTrace(ground, unharmed.taskId);

    for (const [place, point] of points.entries()) {
      const where = `${fault} at ${point} (${place})`;
      const trial = await prepareTrial(ground, {way, port});
      // Each trial comes to a lane that knows as much as the first one did.
      if (way !== 'live, at once') node.service.lanes.forgetAccess(tenantId);
      const isAcked = await sendArmed(trial, tap, {place, fault});
      expect(tap.hasHit(), where).toBe(true);
      if (isAcked) expect(await readTrace(ground, trial.taskId), `acknowledged, ${where}`).toEqual(once);
      await trial.resend(port);
      await trial.resend(port);
      expect(await readTrace(ground, trial.taskId), where).toEqual(once);
      const {changes} = await ground.manager.pull(`since=${encodeURIComponent(trial.cursor)}`);
      const last = changes.findLast(({entityId}) => entityId === trial.taskId);
      expect(last?.payload, where).toMatchObject({title: once.row['title']});
      // Whoever follows live hears of it whatever went wrong.
      await follower.until(() => follower.shown('tasks', trial.taskId)['title'] === once.row['title']);
      trial.close();
    }
    expect(follower.holes).toBe(0);
    const {pool, keyring} = node.service;
    const {faults: found} = await verifyDatabase({pool, keyring});
    expect(found).toEqual([]);
  },
);

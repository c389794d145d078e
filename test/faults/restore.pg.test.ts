// An older backup is put back, or a standby takes over: the history goes on from another place than devices have seen.
// They are told to read everything again; nothing is skipped, and nothing they still hold is lost.
import {join} from 'node:path';
import {expect, onTestFinished, test} from 'vitest';
import pg from 'pg';
import {renewDatabaseEpoch} from '#db/database-epoch.ts';
import {copyCluster, type CopyPurpose} from '#test/support/cluster-copy.ts';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import type {Person} from '#test/support/world.ts';
import {WAIT} from '#test/support/wait.ts';
import {asking, connectTo} from './node-callers.ts';
import {openCompany, startOwnPostgres, type Company, type OwnPostgres} from './own-postgres.ts';
import type {WholeNode} from './whole-node.ts';

const LONG = {timeout: 120_000};

const newTask = async (person: Person, title: string): Promise<string> =>
  (await person.post<{id: string}>('/v1/tasks', {title})).body.id;

const titlesOf = async (person: Person): Promise<unknown[]> =>
  (await person.pull()).changes.flatMap(({entity, payload}) =>
    entity === 'tasks' ? [payload?.['title']] : [],
  );

interface Restored {
  readonly company: Company;
  readonly manager: Person;
  readonly old: WholeNode;
  readonly restored: OwnPostgres;
  readonly keptId: string;
}

/** It answers before it has come to the end of its log, and until then it is a standby. */
async function recovered({url}: OwnPostgres): Promise<void> {
  const owner = new pg.Pool({connectionString: url, max: 1});
  onTestFinished(() => owner.end());
  const isOver = async (): Promise<boolean> =>
    (await owner.query('SELECT WHERE NOT pg_is_in_recovery()')).rowCount === 1;
  await expect.poll(isOver, WAIT).toBe(true);
}

/** Two tasks, and a backup from between them. */
async function restoreOlder(purpose: CopyPurpose): Promise<Restored> {
  const original = await startOwnPostgres();
  const company = await openCompany();
  const old = await company.startNode(original.url);
  const manager = await company.newManager(old);
  const keptId = await newTask(manager, 'Kept');
  const to = join(await makeScratchFolder(), 'copy');
  await copyCluster({url: original.url, from: original.dataDir, to, purpose});
  const lostId = await newTask(manager, 'Lost');
  await manager.send('PATCH', `/v1/tasks/${lostId}`, {title: 'Lost for good'});
  const restored = await startOwnPostgres({restore_command: 'false'}, to);
  await recovered(restored);
  return {company, manager, old, keptId, restored};
}

// I10 of docs/reliability.md.
test(
  'after a restore every cursor of before asks for a resync, however far the new history has come',
  LONG,
  async () => {
    const {company, manager, old, restored, keptId} = await restoreOlder('restored');
    const {nextCursor: newer} = await manager.pull();
    const device = await (await connectTo(old.port, manager)).live();
    // Edited offline: the server never saw it.
    const edit = device.capture('tasks', keptId, (doc) =>
      doc.getMap('fields').set('title', [Date.now(), 'Edited offline']),
    );
    device.close();
    const node = await company.startNode(restored.url);
    const after = asking(manager, node);
    const isResync = async (): Promise<void> => {
      const {status, body} = await after.get<{code: string}>(`/v1/sync/pull?since=${newer}`);
      expect([status, body.code]).toEqual([410, 'resync']);
      const late = await connectTo(node.port, manager, {cursor: device.cursor});
      expect(await late.ended()).toMatchObject({reason: 'resync'});
    };
    await isResync();
    expect(await titlesOf(after)).toEqual(['Kept']);
    for (let made = 0; made < 5; made++) await newTask(after, `New ${made}`);
    await isResync();
    const fresh = await (await connectTo(node.port, manager)).live();
    onTestFinished(() => fresh.close());
    expect(fresh.records.size).toBe((await after.pull()).changes.length);
    // What the device holds of the kept record is as good as before.
    const [answer] = await fresh.answered(fresh.sendUpdates([edit]));
    expect(answer?.kind).toBe('ack');
    expect(await titlesOf(after)).toContain('Edited offline');
  },
);

test(
  'a copy of the disk is known by positions that it has not reached, and by the word of an operator',
  LONG,
  async () => {
    const {company, manager, restored} = await restoreOlder('twin');
    const {nextCursor: newer} = await manager.pull();
    const node = await company.startNode(restored.url);
    const ask = (at: WholeNode) => asking(manager, at).get(`/v1/sync/pull?since=${newer}`);
    expect((await ask(node)).status).toBe(410);
    for (let made = 0; made < 5; made++) await newTask(asking(manager, node), `New ${made}`);
    const owner = new pg.Pool({connectionString: restored.url, max: 1});
    await renewDatabaseEpoch(owner).finally(() => owner.end());
    expect((await ask(await company.startNode(restored.url))).status).toBe(410);
  },
);

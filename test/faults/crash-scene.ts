// What the crash tests send through a node, and what must be true of it afterwards: one change that loses against one
// it had not seen, over every way that a group takes to its COMMIT.
import {randomBytes, randomUUID} from 'node:crypto';
import {onTestFinished} from 'vitest';
import type {PushResponse} from '#crdt/protocol/push.ts';
import {createTap, type Armed, type Tap} from './crash-tap.ts';
import {startWholeNode, type WholeNode, type WholeNodeOptions} from './whole-node.ts';
import {writeFields} from '#test/support/live-device.ts';
import {createWorld, type Person, type World} from '#test/support/world.ts';
import {asking, connectTo} from './node-callers.ts';

/**
 * How the change comes in, and how its group is committed: `at once`, in the one statement for cached records, or
 * `locked`, loaded first, and with somebody's scope to follow. JSON is always locked, since it may be a repeat.
 */
export type Way = 'live, at once' | 'live, locked' | 'REST, locked';

export interface Ground {
  readonly world: World;
  readonly options: WholeNodeOptions;
  readonly manager: Person & {readonly tenantId: string};
  /** Whom the change gives the task to. */
  readonly employeeId: string;
}

export async function prepareGround(): Promise<Ground> {
  const masterKey = randomBytes(32);
  const world = await createWorld({masterKey});
  onTestFinished(() => world.close());
  const manager = await world.newManager();
  const employee = await world.newMember(manager, 'employee');
  const me = await employee.get<{member: {employeeId: string}}>('/v1/me');
  const options = {
    databaseUrl: world.database.url,
    masterKey: masterKey.toString('base64'),
    publicKeyPem: world.issuer.publicKeyPem,
  };
  return {world, options, manager, employeeId: me.body.member.employeeId};
}

/** Within this process: it cannot be killed. */
export async function startTappedNode(
  {options}: Ground,
  others: Partial<WholeNodeOptions> = {},
): Promise<{node: WholeNode; tap: Tap}> {
  const tap = createTap(() => {
    throw new Error('This process is not to be killed.');
  });
  const node = await startWholeNode({...options, ...others}, tap);
  onTestFinished(() => node.stop());
  return {node, tap};
}

/** One change, ready to go. */
export interface Trial {
  readonly taskId: string;
  /** Of its author, before the change. */
  readonly cursor: string;
  /** True: acknowledged. Once, over the connection there is. */
  send(): Promise<boolean>;
  /** To the node on that port, as a device does it, until it is acknowledged. */
  resend(port: number): Promise<void>;
  close(): void;
}

const MINE_AGE_MS = 60_000;

/** A task, and a change of it that has not seen what another device wrote meanwhile. */
export async function prepareTrial(ground: Ground, {way, port}: {way: Way; port: number}): Promise<Trial> {
  const {world, manager, employeeId} = ground;
  const atNode = asking(manager, {port});
  // What the node has seen is in its cache.
  const before = way === 'live, at once' ? atNode : world.here(manager);
  const {id: taskId} = (await before.post<{id: string}>('/v1/tasks', {title: 'Base'})).body;
  const {nextCursor: cursor} = await before.pull();
  const fields = way === 'live, at once' ? {title: 'Mine'} : {title: 'Mine', employeeId};
  const theirs = async (): Promise<void> => {
    const {status} = await before.send('PATCH', `/v1/tasks/${taskId}`, {title: 'Theirs'});
    if (status !== 200) throw new Error(`Not written: ${status}`);
  };
  if (way !== 'REST, locked') return prepareLive(atNode, {taskId, cursor, fields, way, port, theirs});
  const author = atNode.onNewDevice();
  // The node then knows the device, and the tenant's key.
  await author.pull();
  await theirs();
  const change = {
    changeId: randomUUID(),
    op: 'upsert',
    entity: 'tasks',
    entityId: taskId,
    base: cursor,
    clientUpdatedAt: new Date(Date.now() - MINE_AGE_MS).toISOString(),
    payload: fields,
  };
  const push = async (person: Person): Promise<boolean> => {
    const request = {deviceId: person.deviceId, changes: [change]};
    const answer = await person.post<PushResponse>('/v1/sync/push', request).catch(() => null);
    if (answer === null || answer.status >= 500) return false;
    const [result] = answer.body.results;
    if (result?.status !== 'rejected') return true;
    if (['not_ready', 'internal', 'overloaded'].includes(result.error?.code ?? '')) return false;
    throw new Error(`Refused: ${JSON.stringify(result)}`);
  };
  return {
    taskId,
    cursor,
    send: () => push(author),
    async resend(other) {
      while (!(await push(asking(author, {port: other}))));
    },
    close: () => undefined,
  };
}

async function prepareLive(
  atNode: Person,
  {
    taskId,
    cursor,
    fields,
    way,
    port,
    theirs,
  }: {
    taskId: string;
    cursor: string;
    fields: Record<string, string>;
    way: Way;
    port: number;
    theirs: () => Promise<void>;
  },
): Promise<Trial> {
  const author = atNode.onNewDevice();
  let device = await (await connectTo(port, author)).live();
  // The node then knows the author too.
  if (way === 'live, at once') await device.answered(device.write('tasks', taskId, {priority: 'high'}));
  const update = device.capture('tasks', taskId, (doc) => writeFields(doc, fields, Date.now() - MINE_AGE_MS));
  await theirs();
  const send = async (): Promise<boolean> => {
    const [answer] = await device.answered(device.sendUpdates([update])).catch(() => []);
    if (answer === undefined || answer.kind === 'retry') return false;
    if (answer.kind !== 'ack') throw new Error(`Answered ${JSON.stringify(answer)}`);
    return true;
  };
  return {
    taskId,
    cursor,
    send,
    async resend(other) {
      const {records, clientId} = device;
      for (let isAcked = false, isHere = other === port; !isAcked; isAcked = await send(), isHere = true) {
        if (device.closed === null && isHere) continue;
        device.close();
        device = await connectTo(other, author, {records, clientId, cursor: device.cursor});
      }
    },
    close: () => device.close(),
  };
}

/** What a change leaves behind, in a form that does not differ between two tasks it is made to. */
export interface Trace {
  readonly log: readonly string[];
  readonly conflicts: number;
  readonly results: number;
  readonly grants: number;
  readonly version: number;
  readonly row: Readonly<Record<string, unknown>>;
}

export async function readTrace({world}: Ground, taskId: string): Promise<Trace> {
  const {rows} = await world.database.owner.query<Trace>(
    `SELECT (SELECT array_agg(action ORDER BY seq) FROM audit_logs WHERE record_id = $1) AS log,
            (SELECT count(*)::int FROM conflict_logs WHERE record_id = $1) AS conflicts,
            (SELECT count(*)::int FROM push_results WHERE record_id = $1) AS results,
            (SELECT count(*)::int FROM record_access WHERE record_id = $1 AND granted) AS grants,
            (SELECT version FROM records WHERE id = $1) AS version,
            (SELECT jsonb_build_object('title', title, 'priority', priority, 'employee', employee_id)
             FROM tasks WHERE id = $1) AS row`,
    [taskId],
  );
  return rows[0]!;
}

/** Sends a prepared change while one thing goes wrong; true if it was acknowledged all the same. */
export async function sendArmed(trial: Trial, tap: Tap, armed: Armed | null): Promise<boolean> {
  tap.begin(armed);
  try {
    return await trial.send();
  } finally {
    tap.end();
  }
}

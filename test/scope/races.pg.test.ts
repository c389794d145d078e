// What a reassignment takes away is gone with its commit, though the old assignee writes on another node meanwhile, and
// two nodes that each take away half of what keeps a client in scope take away all of it.
// RACES=1000 npx vitest run test/scope/races.pg.test.ts runs more of them.
import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import type * as Y from 'yjs';
import type {LiveDevice} from '../support/live-device.ts';
import {startNode, type TestNode} from '../support/nodes.ts';
import type {Person} from '../support/world.ts';

const RACES = Number(process.env['RACES'] ?? 60);
const TIMEOUT = 60_000 + RACES * 1_000;
/** Logs and lists stay short. */
const RACES_PER_TENANT = 20;

interface Scene {
  readonly nodes: readonly [TestNode, TestNode];
  readonly manager: Person;
  readonly ana: Person;
  readonly anaId: string;
  readonly boId: string;
}

async function startNodes(): Promise<readonly [TestNode, TestNode]> {
  const first = await startNode();
  return [first, await startNode({nextTo: first})];
}

async function newScene(nodes: Scene['nodes']): Promise<Scene> {
  const {world} = nodes[0];
  const manager = await world.newManager();
  const [ana, bo] = [await world.newMember(manager, 'employee'), await world.newMember(manager, 'employee')];
  return {nodes, manager, ana, anaId: await employeeOf(ana), boId: await employeeOf(bo)};
}

const employeeOf = async (person: Person): Promise<string> =>
  (await person.get<{member: {employeeId: string}}>('/v1/me')).body.member.employeeId;

async function write(person: Person, entity: string, entityId: string, payload: object): Promise<void> {
  const [result] = await person.push([{entity, entityId, payload}]);
  if (result?.status !== 'applied') throw new Error(`Not applied: ${JSON.stringify(result)}`);
}

async function newTask({manager, anaId}: Scene, clientId: string | null = null): Promise<string> {
  const id = randomUUID();
  await write(manager, 'tasks', id, {title: 'Boiler', employeeId: anaId, clientId});
  return id;
}

async function newClient({manager}: Scene): Promise<string> {
  const id = randomUUID();
  await write(manager, 'clients', id, {kind: 'person', displayName: 'Some Client'});
  return id;
}

interface Taken {
  readonly taskId: string;
  /** In scope through the task alone, and written to by nobody else. */
  readonly clientId: string;
}

/** Writes to a task and to its client until they leave the device. */
async function writeUntilRemoved(device: LiveDevice, {taskId, clientId}: Taken): Promise<void> {
  const isHeld = (): boolean =>
    device.records.has(`tasks/${taskId}`) && device.records.has(`clients/${clientId}`);
  for (let sent = 0; isHeld(); sent++) {
    const request =
      sent % 2 === 0
        ? device.write('tasks', taskId, {startedAt: new Date(sent).toISOString()})
        : device.sendUpdates([device.capture('clients', clientId, appendNote)]);
    await device.until(() => device.answers.get(request)!.size > 0 || !isHeld());
  }
}

function appendNote(doc: Y.Doc): void {
  const notes = doc.getText('text:notes');
  notes.insert(notes.length, '.');
}

/** Positions in the log: where a record left the member's scope, and their writes to it. */
async function readLog({nodes}: Scene, {id, ana}: {id: string; ana: Person}) {
  const {rows} = await nodes[0].world.database.owner.query<{
    seq: number;
    at: Date;
    action: string;
    device_id: string | null;
  }>(
    'SELECT seq, at, action, device_id FROM audit_logs WHERE tenant_id = $1 AND record_id = $2 ORDER BY seq',
    [ana.tenantId, id],
  );
  const lost = rows.find(({action}) => action === 'access.lost');
  if (lost === undefined) throw new Error('The log does not say that the record left the scope.');
  return {lost, writes: rows.filter(({device_id}) => device_id === ana.deviceId)};
}

// I22 of docs/reliability.md.
test(
  `a task that was reassigned takes no more writes of its old assignee: ${RACES} races`,
  async () => {
    const nodes = await startNodes();
    let [acked, longestMs] = [0, 0];
    let scene = await newScene(nodes);
    for (let race = 0; race < RACES; race++) {
      if (race % RACES_PER_TENANT === 0) scene = await newScene(nodes);
      const {manager, ana, boId} = scene;
      const [node, other] = race % 2 === 0 ? nodes : [nodes[1], nodes[0]];
      const clientId = await newClient(scene);
      const taskId = await newTask(scene, clientId);
      const device = await other.live.connect(ana);
      await device.until(() => device.records.has(`clients/${clientId}`));
      const writing = writeUntilRemoved(device, {taskId, clientId});
      for (let turns = race % 7; turns > 0; turns--) await new Promise(setImmediate);
      await write(node.world.here(manager), 'tasks', taskId, {employeeId: boId});
      await writing;
      const removedAt = Date.now();
      for (const id of [taskId, clientId]) {
        const {lost, writes} = await readLog(scene, {id, ana});
        const late = writes.filter(({seq}) => seq > lost.seq);
        expect({race, late}).toEqual({race, late: []});
        acked += writes.length;
        longestMs = Math.max(longestMs, removedAt - lost.at.getTime());
      }
      device.close();
    }
    console.log(
      `reassigned: ${RACES} races, ${acked} writes committed before, none after; gone from the device within ${longestMs} ms`,
    );
    expect(acked).toBeGreaterThan(RACES / 2);
  },
  TIMEOUT,
);

// I22 of docs/reliability.md.
test(
  `two nodes that each move one of a client's last two tasks away leave it to nobody: ${RACES} races`,
  async () => {
    const nodes = await startNodes();
    const scene = await newScene(nodes);
    const {manager, ana, anaId, boId} = scene;
    for (let race = 0; race < RACES; race++) {
      const clientId = await newClient(scene);
      const tasks = [await newTask(scene, clientId), await newTask(scene, clientId)];
      expect((await ana.get(`/v1/clients/${clientId}`)).status, anaId).toBe(200);
      await Promise.all(
        nodes.map(({world}, index) => write(world.here(manager), 'tasks', tasks[index]!, {employeeId: boId})),
      );
      expect((await ana.get(`/v1/clients/${clientId}`)).status, `race ${race}`).toBe(404);
    }
  },
  TIMEOUT,
);

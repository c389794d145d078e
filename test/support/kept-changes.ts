// Ana has a task that goes to Bo while she is offline with edits of it: what is kept of them, and what managers make
// of that. Over REST and the socket, as in life.
import type {ApplyResponse, QuarantineResponse} from '#crdt/protocol/quarantine.ts';
import type {RecordUpdate} from '#crdt/protocol/update.ts';
import type {Copy} from './live-device.ts';
import type {LiveServer} from './live-world.ts';
import type {Answer, Person, ProblemBody, World} from './world.ts';

export type Decided = Answer<
  ApplyResponse & Omit<ProblemBody, 'status'> & {readonly current?: ApplyResponse}
>;

export const list = async (person: Person, query = '') =>
  (await person.get<QuarantineResponse>(`/v1/quarantine?${query}`)).body;
export const apply = (person: Person, id: string): Promise<Decided> =>
  person.post(`/v1/quarantine/${id}/apply`, {});
export const discard = (person: Person, id: string, body: object = {}): Promise<Decided> =>
  person.post(`/v1/quarantine/${id}/discard`, body);
export const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
export const meOf = async (person: Person) =>
  (await person.get<{id: string; member: {employeeId: string}}>('/v1/me')).body;

export interface Scene {
  readonly manager: Person;
  readonly ana: Person;
  readonly anaId: string;
  readonly bo: Person;
  readonly boId: string;
  readonly taskId: string;
  /** Of a device of Ana's that had read her task. */
  readonly base: string;
  readonly task: (person?: Person) => Promise<Record<string, unknown>>;
  readonly change: (fields: object) => Promise<void>;
  /** Takes the task from Ana and gives it to Bo. */
  readonly reassign: () => Promise<void>;
}

/** Ana has a task, and a device that has read it. */
export async function loseLater(world: World, fields: object = {}): Promise<Scene> {
  const manager = await world.newManager();
  const ana = await world.newMember(manager, 'employee');
  const bo = await world.newMember(manager, 'employee');
  const [anaId, boId] = [(await meOf(ana)).member.employeeId, (await meOf(bo)).member.employeeId];
  const made = await manager.post<{id: string}>('/v1/tasks', {title: 'Boiler', employeeId: anaId, ...fields});
  const taskId = made.body.id;
  const {nextCursor: base} = await ana.pull();
  const path = `/v1/tasks/${taskId}`;
  const change = async (patch: object) => {
    const {status, body} = await manager.send('PATCH', path, patch);
    if (status !== 200) throw new Error(`Not changed: ${JSON.stringify(body)}`);
  };
  return {
    manager,
    ana,
    anaId,
    bo,
    boId,
    taskId,
    base,
    change,
    task: async (person = manager) => (await person.get<Record<string, unknown>>(path)).body,
    reassign: () => change({employeeId: boId}),
  };
}

/** Ana edits offline, loses the task, and pushes. */
export async function pushLate(from: Scene, payload: object, minutes = 10) {
  const {ana, taskId, base, manager} = from;
  const edit = {entity: 'tasks', entityId: taskId, base, payload, clientUpdatedAt: minutesAgo(minutes)};
  const [result] = await ana.push([edit]);
  return {result, edit, items: (await list(manager)).items};
}

/** Of Ana's device, which read the task live; goes offline when the edit is made. */
export async function editLive(from: Scene, live: LiveServer, edit: (doc: Copy['doc']) => void) {
  const device = await live.connect(from.ana);
  const update = device.capture('tasks', from.taskId, edit);
  device.close();
  await device.ended();
  const {clientId, cursor} = device;
  return {update, options: {clientId, cursor, records: new Map(device.records)}};
}

/** Comes back and sends what was made offline. */
export async function sendLate(
  from: Scene,
  live: LiveServer,
  {update, options}: {update: RecordUpdate; options: object},
) {
  const device = await live.connect(from.ana, options);
  const [answer] = await device.answered(device.sendUpdates([update]));
  return answer;
}

/** An edit that sets fields, some minutes ago. */
export const set =
  (fields: Record<string, unknown>, at = Date.now() - 600_000) =>
  (doc: Copy['doc']): void => {
    for (const [name, value] of Object.entries(fields)) doc.getMap('fields').set(name, [at, value]);
  };

// What the acts of the demo share: the people, their devices, the task, and ways to read back what is true.
import {randomUUID} from 'node:crypto';
import type pg from 'pg';
import {claim, eventually, sameJson} from './claims.ts';
import {
  createJsonDevice,
  createProviderDevice,
  createPushDevice,
  type Device,
  type JsonDevice,
  type YjsDevice,
} from './devices.ts';
import type {Team} from './people.ts';
import {selectTask, type TaskRow} from './row.ts';
import type {Task} from './task.ts';
import type {Conflict, Replica} from './views.ts';

export interface Scene extends Team {
  readonly taskId: string;
  readonly phone: YjsDevice;
  readonly tablet: YjsDevice;
  readonly office: JsonDevice;
  /** When who wrote, ms since epoch: all before now. */
  readonly times: Readonly<Record<'ordered' | 'ticked' | 'held' | 'called' | 'resumed' | 'added', number>>;
  readonly readRow: () => Promise<TaskRow>;
  readonly listConflicts: () => Promise<readonly Conflict[]>;
}

const MINUTE_MS = 60_000;

export function setScene({
  url,
  database,
  team,
  now,
}: {
  url: string;
  database: pg.Client;
  team: Team;
  now: number;
}): Scene {
  const {tenant, people} = team;
  const {ann, ben, maria} = people;
  const taskId = randomUUID();
  const ago = (minutes: number): number => now - minutes * MINUTE_MS;
  return {
    ...team,
    taskId,
    phone: createProviderDevice({url, token: ann.token, tenant, device: ann.device, taskId}),
    tablet: createPushDevice(ben.api, {device: ben.device, taskId}),
    office: createJsonDevice(maria.api, {device: maria.device, taskId}),
    times: {
      ordered: ago(90),
      ticked: ago(35),
      held: ago(30),
      called: ago(20),
      resumed: ago(12),
      added: ago(11),
    },
    async readRow() {
      const row = await selectTask(database, {tenant, taskId});
      claim('the task has a row', row !== undefined);
      return row;
    },
    listConflicts: async () => (await maria.api.get<{items: Conflict[]}>('/v1/conflicts')).items,
  };
}

export const devicesOf = ({phone, tablet, office}: Scene): readonly Device[] => [phone, tablet, office];

/** The devices as columns. */
export const replicasOf = ({people: {ann, ben, maria}, phone, tablet, office}: Scene): Replica[] => [
  {name: ann.holds, paint: ann.paint, task: phone.show()},
  {name: ben.holds, paint: ben.paint, task: tablet.show()},
  {name: maria.holds, paint: maria.paint, task: office.show()},
];

/** Waits until all three show one and the same task, and `holds` of it. */
export async function everyDeviceShows(
  scene: Scene,
  what: string,
  holds: (task: Task) => boolean,
): Promise<Task> {
  const shown = await eventually(
    `every device shows ${what}`,
    () => devicesOf(scene).map((device) => device.show()),
    (tasks) => tasks.every((task) => holds(task) && sameJson(task, tasks[0])),
  );
  const [first] = shown;
  claim('there are devices', first !== undefined);
  return first;
}

/** What of a row a device shows too; notes are sealed there. */
export const comparable = ({title, status, priority, checklist}: Task | TaskRow): Omit<Task, 'notes'> => ({
  title,
  status,
  priority,
  checklist: checklist as Task['checklist'],
});

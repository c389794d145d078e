// The story of the demo: three devices work on one task offline, come back one by one, and an overwrite is found,
// explained and undone. Every value that is printed was read back from a device, the API or Postgres, and every
// sentence that can be false is a claim.
import {pushOne} from './api.ts';
import {claim, eventually, sameJson} from './claims.ts';
import {upsert} from './people.ts';
import {printRow} from './row.ts';
import {comparable, devicesOf, everyDeviceShows, replicasOf, type Scene} from './scene.ts';
import type {Task} from './task.ts';
import {bold, chapter, clock, cyan, print} from './terminal.ts';
import {
  printArrival,
  printConflict,
  printEdits,
  printSideBySide,
  printState,
  printTask,
  type Conflict,
} from './views.ts';

export async function tellStory(scene: Scene): Promise<void> {
  chapter('Three devices hold the same task');
  const beginning = await begin(scene);
  chapter('They lose the network, and everyone goes on working');
  await workOffline(scene, beginning);
  chapter('They come back one by one');
  await comeBack(scene);
  chapter('One record: edits of different things are all kept');
  const merged = await meet(scene);
  chapter('The same in Postgres, written in the transaction of each merge');
  await lookIntoPostgres(scene, merged);
  chapter('Two set the status without knowing of each other: that is on record');
  const conflict = await findConflict(scene);
  chapter('The manager looks at it, and gives Ann her status back');
  await restore(scene, conflict);
}

async function begin(scene: Scene): Promise<Task> {
  const {teamId, taskId, times} = scene;
  const {maria} = scene.people;
  const task = upsert('tasks', taskId, {
    title: 'Replace the pump at 4 Mill Lane',
    status: 'scheduled',
    priority: 'normal',
    teamId,
    checklist: [
      {id: 'water', title: 'Shut off the water'},
      {id: 'swap', title: 'Swap the pump'},
    ],
    notes: 'The key is with the neighbour.',
  });
  const change = {...task, clientUpdatedAt: new Date(times.ordered).toISOString()};
  await pushOne(maria.api, maria.device, {change});
  for (const device of devicesOf(scene)) await device.goOnline();
  const beginning = await everyDeviceShows(scene, 'the new task', ({status}) => status === 'scheduled');
  printTask(beginning);
  return beginning;
}

async function workOffline(scene: Scene, beginning: Task): Promise<void> {
  const {phone, tablet, office, times} = scene;
  const {ann, ben, maria} = scene.people;
  for (const device of devicesOf(scene)) await device.goOffline();
  const [water, swap] = beginning.checklist;
  claim('the checklist has arrived', water !== undefined && swap !== undefined, beginning.checklist);

  phone.setItem({...water, done: true}, times.ticked);
  phone.setField('status', 'on_hold', times.held);
  phone.addNote(' The valve is stuck, waiting for a part.');
  tablet.setField('status', 'in_progress', times.resumed);
  tablet.setItem({id: 'seal', title: 'Bring a seal kit', position: `${swap.position}V`}, times.added);
  tablet.addNote(' The new pump is a P-200.');
  const call = 'The customer called twice.';
  office.edit({priority: 'urgent', notes: {append: ` ${call}`}}, times.called);

  const [annsTask, bensTask] = [phone.show(), tablet.show()];
  const status = (task: Task): string => `${beginning.status} -> ${bold(task.status)}`;
  const noted = (task: Task): string => `adds "${task.notes.slice(beginning.notes.length).trim()}"`;
  const item = ({checklist}: Task, id: string): string => checklist.find((one) => one.id === id)?.title ?? '';
  printEdits([
    {
      who: ann,
      kind: 'a Yjs document on the stock y-websocket provider',
      made: [
        {at: times.ticked, field: 'checklist', says: `ticks "${item(annsTask, 'water')}"`},
        {at: times.held, field: 'status', says: status(annsTask)},
        {field: 'notes', says: noted(annsTask)},
      ],
    },
    {
      who: ben,
      kind: 'a Yjs document, its updates pushed with fetch',
      made: [
        {at: times.resumed, field: 'status', says: status(bensTask)},
        {at: times.added, field: 'checklist', says: `adds "${item(bensTask, 'seal')}"`},
        {field: 'notes', says: noted(bensTask)},
      ],
    },
    {
      who: maria,
      kind: 'JSON over REST, nothing else',
      made: [
        {at: times.called, field: 'priority', says: `${beginning.priority} -> ${bold('urgent')}`},
        {field: 'notes', says: `adds "${call}"`},
      ],
    },
  ]);
  const row = await scene.readRow();
  claim('nothing has reached the server yet', sameJson(comparable(row), comparable(beginning)), row);
}

/** Ben first, though he wrote last: who wins must not depend on who arrives when. */
async function comeBack(scene: Scene): Promise<void> {
  const {phone, tablet, office, times, readRow} = scene;
  const {ann, ben, maria} = scene.people;
  await tablet.goOnline();
  const afterBen = await readRow();
  claim("Ben's status is in the row", afterBen.status === 'in_progress', afterBen.status);
  printArrival(ben, `the row says ${bold(afterBen.status)}`);

  await phone.goOnline();
  const isTicked = ({checklist}: Pick<Task, 'checklist'>): boolean =>
    checklist.some(({id, done}) => id === 'water' && done === true);
  const afterAnn = await eventually("Ann's edits are in the row", readRow, (row) =>
    isTicked(comparable(row)),
  );
  claim('the later edit wins, whoever arrives first', afterAnn.status === 'in_progress', afterAnn.status);
  const why = `set at ${clock(times.resumed)}, hers at ${clock(times.held)}`;
  printArrival(ann, `the row still says ${bold(afterAnn.status)}: ${why}`);

  await office.goOnline();
  const told = office.results.flatMap(({conflicts = []}) => conflicts);
  claim('the office overwrote nobody', told.length === 0, told);
  const afterMaria = await readRow();
  claim("Maria's priority is in the row", afterMaria.priority === 'urgent', afterMaria.priority);
  printArrival(maria, `the row says ${bold(afterMaria.priority)}`);
  await tablet.goOnline();
}

async function meet(scene: Scene): Promise<Task> {
  const merged = await everyDeviceShows(
    scene,
    'the merged task',
    ({status, priority}) => status === 'in_progress' && priority === 'urgent',
  );
  for (const sentence of ['The valve is stuck', 'The new pump is a P-200.', 'The customer called twice.'])
    claim(`the notes keep "${sentence}"`, merged.notes.includes(sentence), merged.notes);
  const titles = merged.checklist.map(({title, done}) => `${title}${done === true ? ', done' : ''}`);
  const expected = ['Shut off the water, done', 'Swap the pump', 'Bring a seal kit'];
  claim('the checklist has the tick and the new item', sameJson(titles, expected), titles);
  printTask(merged);
  print();
  printSideBySide(replicasOf(scene));
  return merged;
}

async function lookIntoPostgres(scene: Scene, merged: Task): Promise<void> {
  const row = await scene.readRow();
  claim('the row is what the devices show', sameJson(comparable(row), comparable(merged)), {row, merged});
  claim('the notes are not readable in the row', !row.notes.includes('valve'), row.notes.toString('latin1'));
  printRow(row);
}

async function findConflict(scene: Scene): Promise<Conflict> {
  const {ann, ben, maria} = scene.people;
  const conflicts = await scene.listConflicts();
  const [conflict] = conflicts;
  claim('there is exactly one conflict', conflict !== undefined && conflicts.length === 1, conflicts);
  const [overwrite] = conflict.fields;
  claim('it is about this task', conflict.entityId === scene.taskId, conflict);
  claim('it is about the status', overwrite?.field === 'status' && conflict.fields.length === 1, conflict);
  const {winner, loser, base} = overwrite;
  const isBy = (side: typeof winner, who: typeof ann, value: string, at: number): boolean =>
    side.userId === who.userId &&
    side.deviceId === who.device &&
    side.value === value &&
    Date.parse(side.at) === at;
  claim("the winner is Ben's write", isBy(winner, ben, 'in_progress', scene.times.resumed), winner);
  claim("the loser is Ann's write", isBy(loser, ann, 'on_hold', scene.times.held), loser);
  claim('it names what both had seen', base === 'scheduled', overwrite);
  claim('it waits for a manager', conflict.status === 'open', conflict.status);
  printConflict(conflict, [ann, ben, maria]);
  return conflict;
}

async function restore(scene: Scene, conflict: Conflict): Promise<void> {
  const {phone, tablet, office, readRow} = scene;
  const {ann, ben, maria} = scene.people;
  const resolution = {resolution: 'restore', note: 'No part, no progress.'};
  const resolved = await maria.api.post<Conflict>(`/v1/conflicts/${conflict.id}/resolve`, resolution);
  const isRestored = resolved.status === 'restored' && resolved.resolvedBy === maria.userId;
  claim('the conflict is restored by Maria', isRestored, resolved);
  const onHold = ({status}: {status: string}): boolean => status === 'on_hold';
  await eventually("Ann's phone hears of it by itself", () => phone.show(), onHold);
  await tablet.goOnline();
  await office.goOnline();
  await everyDeviceShows(scene, 'the restored status', onHold);
  const row = await readRow();
  claim('the row has the restored status', onHold(row), row.status);
  const conflicts = await scene.listConflicts();
  claim('a restore is no new conflict', conflicts.length === 1, conflicts);
  printState(resolved, [ann, ben, maria]);
  print();
  printSideBySide([...replicasOf(scene), {name: 'Postgres', paint: cyan, task: comparable(row)}]);
  for (const device of devicesOf(scene)) await device.goOffline();
}

// One random history on two nodes: managers and employees on sockets and over REST, who go offline, start anew, come back
// from backups and with wrong clocks, over a wire that hurts frames; records that leave scopes, members who are removed, nodes
// that are restarted. At its end everybody connects, and everything is held against the oracle; see node-checks.ts.
import type {EntityName} from '#crdt/entities/entity.ts';
import {randomFrom, type Random} from '../support/random.ts';
import type {OperationKind} from '../model/plan.ts';
import type {KeySpec, Vocabulary} from '../model/vocabulary.ts';
import type {Company, Staffer} from './company.ts';
import {LiveEditor, type Backup} from './live-editor.ts';
import {createField, createPlot, makeRecords, writable, type Field} from './plot.ts';
import {RestEditor} from './rest-editor.ts';

const DAY_MS = 86_400_000;

export const actKinds = {
  write: 40,
  writeSeveral: 6,
  text: 5,
  deleteRecord: 3,
  move: 9,
  send: 14,
  wait: 8,
  sendAgain: 6,
  connection: 6,
  otherNode: 3,
  restart: 4,
  save: 3,
  restore: 3,
  skew: 4,
  nodeRestart: 0.15,
  remove: 0.5,
} as const;
export type ActKind = keyof typeof actKinds;

const weighted: readonly ActKind[] = Object.entries(actKinds).flatMap(([kind, weight]) =>
  Array.from({length: Math.round(weight * 20)}, () => kind as ActKind),
);

interface Seat<E> {
  readonly editor: E;
  readonly staffer: Staffer;
  /** Which node it asks. */
  node: number;
  backup: E extends LiveEditor ? Backup | null : ReturnType<RestEditor['save']> | null;
}
export type LiveSeat = Seat<LiveEditor>;
export type RestSeat = Seat<RestEditor>;

export interface NodeHistory {
  readonly company: Company;
  readonly random: Random;
  readonly field: Field;
  readonly live: LiveSeat[];
  readonly rest: RestSeat[];
  /** By user. */
  readonly removed: Set<string>;
  /** What was done, for the report of a failure. */
  readonly acts: string[];
}

/** Tasks whose employee the histories change: who sees the record follows from it. */
function movable({employees}: Company): Vocabulary {
  const tasks = writable.find(({entity}) => entity === ('tasks' satisfies EntityName))!;
  const values = [...employees.map(({member}) => member.employeeId), null];
  const spec: KeySpec = {
    key: EMPLOYEE,
    root: 'fields',
    entry: EMPLOYEE,
    field: EMPLOYEE,
    rule: 'latest',
    required: false,
    samples: values.map((value) => ({raw: value, normal: value})),
  };
  return {...tasks, keys: [...tasks.keys, spec]};
}

export const EMPLOYEE = 'employeeId';

export async function beginHistory(company: Company, seed: number): Promise<NodeHistory> {
  const random = randomFrom(seed);
  const other = random.chance(0.4) ? [createPlot(random.pick(writable))] : [];
  const field = createField([createPlot(movable(company)), ...other], {behindMs: 0});
  const {manager, employees} = company;
  await makeRecords(field, company.nodes[0]!.world.here(manager.person));
  const history: NodeHistory = {
    company,
    random,
    field,
    live: [],
    rest: [],
    removed: new Set(),
    acts: [],
  };
  seatLive(history, manager, 0);
  seatLive(history, manager, 1);
  seatLive(history, employees[0]!, random.integer(2));
  seatRest(history, manager, random.integer(2));
  if (random.chance(0.5)) seatRest(history, employees[1]!, random.integer(2));
  if (random.chance(0.15)) seatLive(history, await company.hire(), random.integer(2));
  // Its own: how many frames there are is not for the seed to say.
  company.faults.random = randomFrom(seed + 1);
  await Promise.all([
    ...history.live.map((seat) => come(history, seat)),
    ...history.rest.map(({editor}) => editor.pull()),
  ]);
  return history;
}

function seatLive({field, live}: NodeHistory, staffer: Staffer, node: number): void {
  const person = staffer.person.onNewDevice();
  const editor = new LiveEditor(field, {person, isEmployee: staffer.member.role === 'employee'});
  live.push({editor, staffer, node, backup: null});
}

function seatRest({field, rest, company}: NodeHistory, staffer: Staffer, node: number): void {
  const {cursors} = company.nodes[node]!.world.service;
  const peek = (cursor: string): number => cursors.peek(company.tenantId, cursor) ?? NaN;
  const person = company.nodes[node]!.world.here(staffer.person.onNewDevice());
  const editor = new RestEditor({field, peek, isEmployee: staffer.member.role === 'employee'}, person);
  rest.push({editor, staffer, node, backup: null});
}

/** Connects to its node, unless its user was removed. */
export async function come(
  {company, removed}: NodeHistory,
  {editor, staffer, node}: LiveSeat,
): Promise<void> {
  if (!removed.has(staffer.member.userId)) await editor.connect(company.nodes[node]!.live);
}

export async function act(history: NodeHistory): Promise<void> {
  const {random, live, rest} = history;
  const kind = random.pick(weighted);
  const seats = [...live, ...rest];
  const seat = random.pick(seats);
  history.acts.push(`${kind} by ${seats.indexOf(seat)}`);
  if (await actOnAll(history, kind)) return;
  if (seat.editor instanceof LiveEditor) await actLive(history, seat as LiveSeat, kind);
  else await actRest(history, seat as RestSeat, kind);
}

/** What concerns more than one device. */
async function actOnAll(history: NodeHistory, kind: ActKind): Promise<boolean> {
  const {company, random, live, rest} = history;
  switch (kind) {
    case 'nodeRestart': {
      const place = random.integer(2);
      await company.restart(place);
      for (const seat of rest) if (seat.node === place) pointTo(history, seat);
      return true;
    }
    case 'remove': {
      const leaver = live.find(({staffer}) => isHired(history, staffer));
      if (leaver !== undefined) await remove(history, leaver.staffer);
      return true;
    }
    case 'wait':
      await Promise.all(live.map(({editor}) => editor.settled()));
      return true;
    default:
      return false;
  }
}

const isHired = ({company, removed}: NodeHistory, {member}: Staffer): boolean =>
  member.role === 'manager' && member.userId !== company.manager.member.userId && !removed.has(member.userId);

async function remove({company, random, removed}: NodeHistory, {member}: Staffer): Promise<void> {
  const {world} = company.nodes[random.integer(2)]!;
  const {status} = await world
    .here(company.manager.person)
    .send('DELETE', `/v1/tenants/${company.tenantId}/members/${member.userId}`);
  if (status >= 300) throw new Error(`A member was not removed: ${status}`);
  removed.add(member.userId);
}

function pointTo({company}: NodeHistory, {editor, node}: RestSeat): void {
  editor.person = company.nodes[node]!.world.here(editor.person);
}

const isEdit = (kind: ActKind): kind is ActKind & OperationKind =>
  kind === 'write' || kind === 'writeSeveral' || kind === 'text' || kind === 'deleteRecord';

/** One edit of some record that the device holds; `move`: of who sees it. */
function edit({field, random}: NodeHistory, editor: LiveEditor | RestEditor, kind: ActKind): boolean {
  const how = random.integer(1_000);
  if (isEdit(kind)) return editor.edit(random.pick(field.plots), {kind, what: random.integer(1_000), how});
  if (kind !== 'move' || editor.isEmployee) return false;
  const [plot] = field.plots;
  const what = plot!.vocabulary.keys.findIndex(({key}) => key === EMPLOYEE);
  return editor.edit(plot!, {kind: 'write', what, how});
}

/** What a device does by itself, whichever way it syncs. */
function actAlone<Copy>(
  {random}: NodeHistory,
  seat: {
    readonly editor: {save(): Copy; restore(backup: Copy): void; skew: number};
    backup: Copy | null;
  },
  kind: ActKind,
): boolean {
  const {editor, backup} = seat;
  switch (kind) {
    case 'save':
      seat.backup = editor.save();
      return true;
    case 'restore':
      if (backup !== null) editor.restore(backup);
      return true;
    case 'skew':
      editor.skew = random.integer(2 * DAY_MS) - DAY_MS;
      return true;
    default:
      return false;
  }
}

async function actLive(history: NodeHistory, seat: LiveSeat, kind: ActKind): Promise<void> {
  const {random, field} = history;
  const {editor} = seat;
  if (actAlone(history, seat, kind)) {
    // A clock is measured by the next connection, and before that not.
    if (kind === 'skew' && random.chance(0.6)) await come(history, seat);
    return;
  }
  switch (kind) {
    case 'send':
      editor.send();
      break;
    case 'sendAgain':
      editor.sendAgain(random.pick(field.plots));
      break;
    case 'connection':
      if (editor.isConnected) editor.disconnect();
      else await come(history, seat);
      break;
    case 'otherNode':
      seat.node = 1 - seat.node;
      await come(history, seat);
      break;
    case 'restart':
      editor.restart();
      if (random.chance(0.5)) await come(history, seat);
      break;
    default:
      if (edit(history, editor, kind) && random.chance(0.6)) editor.send();
      else if (!editor.isConnected && random.chance(0.2)) await come(history, seat);
  }
}

async function actRest(history: NodeHistory, seat: RestSeat, kind: ActKind): Promise<void> {
  const {random} = history;
  const {editor} = seat;
  if (actAlone(history, seat, kind)) return;
  switch (kind) {
    case 'send':
      await editor.push();
      break;
    case 'sendAgain':
      await editor.pushAgain(random);
      break;
    case 'connection':
      await editor.pull(1 + random.integer(20));
      break;
    case 'otherNode':
      seat.node = 1 - seat.node;
      pointTo(history, seat);
      break;
    case 'restart':
      break;
    default:
      if (edit(history, editor, kind) && random.chance(0.5)) await editor.push();
  }
}

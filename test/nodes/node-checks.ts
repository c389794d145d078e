// What must hold when a history on two nodes is over: everybody who still may is connected and has sent everything. Invariants
// of docs/reliability.md that are held here: I1, I3, I4 (replay.ts: what was answered is in the log, once, with these
// conflicts), I7 to I9 (devices that follow cursors hold everything; positions have no gap), I11 and I21 (an employee's device
// holds the record exactly while it is theirs), I12 (every device, both nodes' caches, document and row), I15 to I18 (the
// oracle), I22 (nothing of a removed member, nothing outside a scope is committed), I24 (a removed member gets in nowhere), I30
// and I31 (fresh client ids and compaction on the way), I32. I5, I13 and I14 are verifyDatabase's, once per run; a fresh tenant's
// manager looks for the record in vain (I19). The others have tests of their own; the page lists them.
import type {LiveServer} from '../support/live-world.ts';
import type {Person} from '../support/world.ts';
import type {Device} from '../model/device.ts';
import {checkReplicas} from '../model/history.ts';
import {valueOf} from '../model/oracle.ts';
import {createStoredRecord} from '../model/stored-record.ts';
import {readLogged, type Logged} from './logged.ts';
import {come, EMPLOYEE, type LiveSeat, type NodeHistory} from './node-history.ts';
import type {Plot} from './plot.ts';
import {replay, type Replayed, type ReplayTally} from './replay.ts';

/** stranger: a manager of another tenant. */
export async function checkHistory(history: NodeHistory, stranger: Person): Promise<ReplayTally> {
  await quiesce(history);
  const {company, field} = history;
  const {world} = company.nodes[0]!;
  const logged = await readLogged(world.service, world.database.owner, company.tenantId);
  if (logged.positions.some((seq, index) => seq !== index + 1)) throw new Error('the log has a gap');
  const total: ReplayTally = {merges: 0, conflicts: 0, refused: 0, unchanged: 0, outside: 0};
  for (const plot of field.plots) {
    const replayed = replayPlot(history, plot, logged);
    for (const name of Object.keys(total) as (keyof ReplayTally)[]) total[name] += replayed.tally[name];
    await checkPlot(history, plot, replayed);
    const {status} = await world
      .here(stranger)
      .get(`/v1/${plot.vocabulary.entity.replace('_', '-')}/${plot.id}`);
    if (status !== 404) throw new Error(`another tenant was answered ${status}`);
  }
  return total;
}

/** Over a wire that hurts nothing, until nobody has anything left to send or to hear. */
async function quiesce(history: NodeHistory): Promise<void> {
  const {company, live, rest, removed, field} = history;
  company.faults.isOn = false;
  for (const seat of live) {
    if (removed.has(seat.staffer.member.userId)) await checkShut(history, seat);
    else await come(history, seat);
  }
  const present = presentSeats(history);
  for (const seat of present) {
    do {
      // A busy machine may have been too slow for its hello.
      if (!seat.editor.isConnected) await come(history, seat);
      seat.editor.send();
      await seat.editor.settled();
    } while (!seat.editor.isDone);
  }
  for (const {editor} of rest) {
    while (!editor.isDone) await editor.push();
    await editor.pull();
  }
  // Each node looks at each record once more, and nothing comes of it.
  for (const {editor} of present) for (const plot of field.plots) editor.sendAgain(plot);
  for (const {editor} of present) await editor.settled();
  const marker = await makeMarker(history);
  for (const seat of present) await follow(history, seat, marker);
}

/** Resolves when the device holds everything up to a position. */
async function follow(history: NodeHistory, seat: LiveSeat, position: number): Promise<void> {
  const {editor} = seat;
  const isThere = (): boolean => (editor.live?.position ?? 0) >= position;
  while (!isThere()) {
    if (!editor.isConnected) await come(history, seat);
    await editor.live?.until(() => isThere() || !editor.isConnected);
  }
}

/** A team, which everybody sees: whoever has it has what was committed before. Answers its position. */
async function makeMarker({company}: NodeHistory): Promise<number> {
  const [node] = company.nodes;
  const [made] = await node!.world
    .here(company.manager.person)
    .push([{entity: 'teams', payload: {name: 'Marker'}}]);
  if (made?.seq === undefined) throw new Error('no marker was made');
  return made.seq;
}

const presentSeats = ({live, removed}: NodeHistory): LiveSeat[] =>
  live.filter(({staffer}) => !removed.has(staffer.member.userId));

/** The sockets of a removed member end, and no new one begins. */
async function checkShut({company}: NodeHistory, {editor}: LiveSeat): Promise<void> {
  await editor.live?.ended();
  editor.disconnect();
  for (const {live} of company.nodes) await expectRefused(editor.person, live);
}

async function expectRefused(person: Person, live: LiveServer): Promise<void> {
  const device = await live.connect(person);
  if (device.welcome !== null) throw new Error('a removed member was welcomed');
}

function replayPlot(history: NodeHistory, plot: Plot, logged: Logged): Replayed {
  const {company, field} = history;
  const employees = new Map(
    company.employees.map(({member}) => [member.userId as string, member.employeeId]),
  );
  return replay({
    field,
    plot,
    landings: company.journal.ofRecord(plot.id),
    logged,
    isEmployee: (userId) => employees.has(userId),
    onLogged({submission: {userId}}, seq, timeline) {
      const removedAt = logged.removals.get(userId) ?? Infinity;
      if (seq > removedAt) throw new Error('a removed member wrote');
      const employeeId = employees.get(userId);
      // A group is decided on the scope that it began with.
      const groupSeq = logged.groups.get(seq) ?? seq;
      if (employeeId !== undefined && timeline.valueAt(EMPLOYEE, groupSeq - 1) !== employeeId)
        throw new Error('an employee wrote to a record that was not theirs');
    },
  });
}

async function checkPlot(history: NodeHistory, plot: Plot, {oracle}: Replayed): Promise<void> {
  const {company} = history;
  const {id, vocabulary} = plot;
  const {entity} = vocabulary;
  const reader = company.manager.member;
  for (const {
    world: {service},
  } of company.nodes) {
    const {cache, feed} = service;
    const stored = createStoredRecord({feed, reader, entity, id});
    const cached = cache.get(company.tenantId, {entity, id});
    const {seq, generation} = await stored.whole();
    // What a node holds may be old, and is found to be with its next change.
    const whole = cached?.seq === seq ? {bytes: cached.state, seq, generation} : undefined;
    await checkReplicas({
      vocabulary,
      oracle,
      devices: holders(history, plot, valueOf(oracle, EMPLOYEE)),
      server: whole === undefined ? stored : {...stored, whole: () => Promise.resolve(whole)},
    });
  }
}

/** Documents of those who are to see the record; nobody else may have one. */
function holders(history: NodeHistory, {id, vocabulary}: Plot, employeeId: unknown): Device[] {
  const isSeen = (seat: {staffer: LiveSeat['staffer']}): boolean => {
    const {role, employeeId: own} = seat.staffer.member;
    return role === 'manager' || (vocabulary.entity === 'tasks' && own === employeeId);
  };
  for (const seat of history.rest)
    if (seat.editor.devices.has(id) !== isSeen(seat))
      throw new Error('a device that pulls has what it is not to see');
  return presentSeats(history).flatMap((seat) => {
    const device = seat.editor.hold(id);
    if ((device !== undefined) !== isSeen(seat))
      throw new Error(
        `a device ${device === undefined ? 'lacks what it is' : 'holds what it is not'} to see`,
      );
    return device ?? [];
  });
}

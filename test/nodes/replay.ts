// Tells the model's oracle everything that reached one record, on whichever node, in the order of its positions in the
// feed, and holds what was logged and answered against what the oracle says. It shares no code with the merge.
import type {Landing} from './journal.ts';
import type {Logged, LoggedConflict} from './logged.ts';
import type {Field, Plot} from './plot.ts';
import {DELETED_AT, type Arrival, type DeviceWrite, type WriteName} from '../model/arrival.ts';
import {compareConflicts, compareRefused, namedIn} from '../model/compare.ts';
import type {JsonPush} from '../model/json-device.ts';
import {createOracle, expectMerge, isAllowed, shownName, valueOf} from '../model/oracle.ts';
import {fieldOf, isSame, type Oracle} from '../model/oracle-key.ts';
import type {JsonValue} from '#crdt/json.ts';
import type {Receipt} from '#server/sync/submission.ts';

type Answered = Extract<Receipt, {kind: 'applied' | 'unchanged' | 'rejected'}>;

export interface ReplayTally {
  merges: number;
  conflicts: number;
  refused: number;
  /** Answered as known: repeats, and changes that had nothing to say. */
  unchanged: number;
  /** Refused for want of scope or membership. */
  outside: number;
}

export interface Replayed {
  readonly oracle: Oracle;
  readonly timeline: Timeline;
  readonly tally: ReplayTally;
}

export interface ReplayInput {
  readonly field: Pick<Field, 'packets' | 'pushes'>;
  readonly plot: Plot;
  readonly landings: readonly Landing[];
  readonly logged: Pick<Logged, 'seqs' | 'conflicts'>;
  readonly isEmployee: (userId: string) => boolean;
  /** Of each change that was logged, before it is merged. */
  readonly onLogged?: (landing: Landing, seq: number, timeline: Timeline) => void;
}

/** What each key held, position by position. */
export class Timeline {
  readonly #positions: number[] = [];
  readonly #held = new Map<string, {seq: number; value: JsonValue; name: WriteName | null}[]>();

  /** To be called in order of position. */
  note(oracle: Oracle, seq: number): void {
    this.#positions.push(seq);
    for (const key of [...oracle.specs.keys(), DELETED_AT]) {
      const held = this.#held.get(key) ?? [];
      const name = shownName(oracle, key);
      if (held.length > 0 && held.at(-1)?.name === name) continue;
      held.push({seq, value: valueOf(oracle, key), name});
      this.#held.set(key, held);
    }
  }

  /** The write that whoever read up to a position was shown. */
  nameAt(key: string, seq: number): WriteName | null {
    return this.#at(key, seq)?.name ?? null;
  }

  valueAt(key: string, seq: number): JsonValue {
    return this.#at(key, seq)?.value ?? null;
  }

  /** Of changes of the record: the last one not after `from`, and those up to `to`. */
  positions({from, to}: {from: number; to: number}): number[] {
    const first = Math.max(
      0,
      this.#positions.findLastIndex((seq) => seq <= from),
    );
    return this.#positions.slice(first).filter((seq) => seq <= to);
  }

  #at(key: string, position: number) {
    return this.#held.get(key)?.findLast(({seq}) => seq <= position);
  }
}

/** Throws where log, answers and oracle differ. Answers the oracle as it is at the end, to hold the record against. */
export function replay(input: ReplayInput): Replayed {
  const {plot, landings} = input;
  const conflicts = input.logged.conflicts.get(plot.id) ?? new Map<number, never>();
  const oracle = createOracle(plot.vocabulary);
  const timeline = new Timeline();
  const tally: ReplayTally = {merges: 0, conflicts: 0, refused: 0, unchanged: 0, outside: 0};
  const run: Replaying = {...input, conflicts, oracle, timeline, tally, arrived: new Map()};
  const answered = landings.flatMap((landing) => {
    const {receipt} = landing;
    return receipt === null || receipt.kind === 'need' || receipt.kind === 'reset'
      ? []
      : [{landing, receipt}];
  });
  const merged = answered
    .filter(({receipt: {kind, seq}}) => seq !== null && kind !== 'unchanged')
    .toSorted((a, b) => a.receipt.seq! - b.receipt.seq!);
  for (const [index, one] of merged.entries()) {
    if (one.receipt.seq === merged[index - 1]?.receipt.seq)
      throw new Error(`two changes at ${one.receipt.seq}`);
    within(one, () => mergeOne(run, one));
  }
  const positions = new Set(merged.map(({receipt}) => receipt.seq));
  for (const seq of conflicts.keys())
    if (!positions.has(seq)) throw new Error(`a conflict at ${seq}, where nothing was changed`);
  for (const one of answered.filter(({receipt: {kind, seq}}) => seq === null || kind === 'unchanged'))
    within(one, () => checkUnlogged(run, one));
  const {length} = input.logged.seqs.get(plot.id) ?? [];
  if (tally.merges !== length)
    throw new Error(`${tally.merges} changes were answered, and ${length} are logged`);
  return {oracle, timeline, tally};
}

interface Replaying extends ReplayInput, Replayed {
  /** As logged, by position. */
  readonly conflicts: ReadonlyMap<number, readonly LoggedConflict[]>;
  /** Positions at which writes came, by name; of JSON pushes by change id. */
  readonly arrived: Map<string, number>;
}

interface AnsweredLanding {
  readonly landing: Landing;
  readonly receipt: Answered;
}

function within({landing, receipt}: AnsweredLanding, check: () => void): void {
  try {
    check();
  } catch (error) {
    const {submission, node} = landing;
    const {entity, id} = submission.change;
    throw new Error(
      `at ${receipt.seq} on node ${node}, ${entity}/${id}, ${receipt.kind} for ${submission.deviceId}: ${String(error)}`,
      {cause: error},
    );
  }
}

function mergeOne(run: Replaying, {landing, receipt}: AnsweredLanding): void {
  const {oracle, timeline, tally, conflicts, onLogged} = run;
  const seq = receipt.seq!;
  onLogged?.(landing, seq, timeline);
  const arrival = arrivalOf(run, landing, seq);
  if (arrival.path === 'json' && !isAllowed(oracle, arrival))
    throw new Error('a forbidden change was applied');
  const logged = conflicts.get(seq) ?? [];
  const expected = expectMerge(oracle, arrival, (sides) => namedIn(logged, sides));
  timeline.note(oracle, seq);
  compareConflicts(logged, expected.conflicts);
  compareRefused(receipt.refused, expected.refused);
  const told = receipt.conflicts.map(({id}) => id).sort();
  if (
    told.join() !==
    logged
      .map(({id}) => id)
      .sort()
      .join()
  )
    throw new Error('the device was told of other conflicts than are logged');
  for (const {name} of [...arrival.writes, ...arrival.texts]) run.arrived.set(name, seq);
  const {changeId} = landing.submission;
  if (changeId !== null) run.arrived.set(changeId, seq);
  tally.merges++;
  tally.conflicts += logged.length;
  tally.refused += expected.refused.length;
}

/** What its device made, and had been shown. */
function arrivalOf(run: Replaying, {submission}: Landing, seq: number): Arrival {
  const {deviceId, userId, offset, now, change} = submission;
  const common = {device: deviceId, employee: run.isEmployee(userId), offset, now, seq, entryDeletes: []};
  if (change.kind === 'update') {
    const packets = run.field.packets.inside(change.id, change.update);
    return {
      ...common,
      path: 'yjs',
      writes: packets.flatMap(({writes}) => writes),
      texts: packets.flatMap(({texts}) => texts),
      shownDelete: null,
    };
  }
  const push = pushOf(run, submission);
  const shown = (key: string): WriteName | null => run.timeline.nameAt(key, baseOf(push, key));
  return {
    ...common,
    path: 'json',
    writes: push.writes.map((write): DeviceWrite => ({...write, shown: shown(write.key)})),
    texts: push.texts,
    shownDelete: shown(DELETED_AT),
  };
}

function pushOf({field}: Replaying, {changeId}: Landing['submission']): JsonPush {
  const push = changeId === null ? undefined : field.pushes.get(changeId);
  if (push === undefined) throw new Error('a change that no device made');
  return push;
}

/** The position that the author of a push had read when the user looked at a key. */
function baseOf({base}: JsonPush, key: string): number {
  switch (base.kind) {
    case 'cursor':
      return base.seq;
    case 'by-field':
      return base.seqs[key.split('/')[0] ?? key] ?? base.fallback;
    case 'current':
      throw new Error('devices name what they saw');
  }
}

/** An answer without a position of its own: it must have had no reason to get one. */
function checkUnlogged(run: Replaying, one: AnsweredLanding): void {
  const {landing, receipt} = one;
  const {tally} = run;
  if (receipt.kind === 'rejected') {
    checkRejected(run, one);
    return;
  }
  tally.unchanged++;
  const {changeId, change} = landing.submission;
  if (change.kind === 'update') {
    if (receipt.kind === 'applied') throw new Error('an update was applied, and is not in the log');
    const missing = arrivalOf(run, landing, 0).writes.find(({name}) => !run.arrived.has(name));
    if (missing !== undefined) throw new Error(`unchanged, and ${missing.name} never arrived`);
  } else if (receipt.seq === null) {
    // A repeat of it is told the same, whatever the record holds by then.
    if (!run.arrived.has(changeId ?? '')) checkWithoutEffect(run, one);
    run.arrived.set(changeId ?? '', 0);
  } else if (run.arrived.get(changeId ?? '') !== receipt.seq) {
    throw new Error('a repeat of what never came');
  }
}

function checkRejected(run: Replaying, {landing, receipt}: AnsweredLanding): void {
  const code = receipt.kind === 'rejected' ? receipt.error.code : '';
  if (code === 'out_of_scope' || code === 'no_membership') {
    run.tally.outside++;
    return;
  }
  run.tally.refused++;
  if (landing.submission.change.kind === 'update') throw new Error(`an honest update was rejected: ${code}`);
  if (isAllowed(run.oracle, arrivalOf(run, landing, 0)))
    throw new Error(`an allowed change was rejected: ${code}`);
}

/** JSON that changed nothing: at some moment between asking and answer each value was there, or its field was frozen. */
function checkWithoutEffect(run: Replaying, {landing, receipt}: AnsweredLanding): void {
  const {landings, timeline, plot} = run;
  const {submission, began, ended} = landing;
  const from = latest(landings.filter((other) => other.ended < began));
  const to = Math.max(from, latest(landings.filter((other) => other.began < ended)));
  const frozen = receipt.refused.flatMap(({field, code}) => (code === 'frozen' ? [fieldOf(field)] : []));
  for (const field of frozen) {
    const moments = timeline.positions({from, to});
    if (!moments.some((seq) => plot.vocabulary.frozen((key) => timeline.valueAt(key, seq)).includes(field)))
      throw new Error(`${field} was never frozen`);
  }
  for (const {key, value, isListed, onlyIfKnown} of pushOf(run, submission).writes) {
    if (isListed || onlyIfKnown || frozen.includes(fieldOf(key))) continue;
    const held = timeline.positions({from, to}).map((seq) => timeline.valueAt(key, seq));
    if (!held.some((other) => isSame(key, other, value)))
      throw new Error(`unchanged, but ${key} never held the value pushed`);
  }
}

const latest = (landings: readonly Landing[]): number =>
  landings.reduce(
    (seq, {receipt}) => Math.max(seq, receipt !== null && 'seq' in receipt ? (receipt.seq ?? 0) : 0),
    0,
  );

// Asks one scenario's question of every peer, several times in turn, so that a mood of the machine falls on all.
import {setTimeout as delay} from 'node:timers/promises';
import type {Peer, PeerName} from './peers/peer.ts';
import type {Column, Goal, Row, Scenario} from './scenarios/scenario.ts';
import {QUANTILES, spreadOf, type Spread} from './statistics.ts';
import {openTrial, type TrialSettings} from './trial.ts';

export interface RunSettings extends Omit<TrialSettings, 'peer'> {
  readonly peers: readonly Peer[];
  readonly repetitions: number;
  readonly onProgress: (message: string) => void;
}

export interface ResultRow {
  readonly peer: PeerName;
  readonly way: string;
  /** Of each repetition, by column. Null in JSON where a peer has no such figure. */
  readonly trials: readonly Readonly<Record<string, number>>[];
  readonly values: Readonly<Record<string, Spread>>;
  /** At QUANTILES, by name; the median over the repetitions of each. */
  readonly distributions: Readonly<Record<string, readonly number[]>>;
}

export interface GoalResult {
  readonly key: string;
  readonly way: string;
  /** Absent: the figure itself is bounded. */
  readonly against?: {readonly peer: PeerName; readonly way: string} | undefined;
  /** Of Fieldmerge. */
  readonly value: number;
  /** What is bounded: `value`, or `value` divided by that of `against`. */
  readonly ratio: number;
  readonly bound: Goal['bound'];
  readonly isReached: boolean;
}

export interface ScenarioResult {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly rows: readonly ResultRow[];
  /** Those whose peers took part. */
  readonly goals: readonly GoalResult[];
}

/** Rejects if a peer fails a trial: figures of lost edits would mean nothing. */
export async function runScenario(scenario: Scenario, settings: RunSettings): Promise<ScenarioResult> {
  const peers = settings.peers.filter((peer) => scenario.isFor(peer));
  const rowsByName = new Map<string, {peer: PeerName; way: string; rows: Row[]}>();
  for (let repetition = 0; repetition < settings.repetitions; repetition++) {
    for (const peer of rotated(peers, repetition)) {
      settings.onProgress(`${scenario.name} ${repetition + 1}/${settings.repetitions}: ${peer.name}`);
      for (const row of await runTrial(scenario, {...settings, peer})) {
        const name = `${peer.name}/${row.way}`;
        const known = rowsByName.get(name) ?? {peer: peer.name, way: row.way, rows: []};
        known.rows.push(row);
        rowsByName.set(name, known);
      }
    }
  }
  const order = (name: PeerName) => peers.findIndex((peer) => peer.name === name);
  const rows = [...rowsByName.values()]
    .sort((a, b) => order(a.peer) - order(b.peer))
    .map(({peer, way, rows: repeated}) => ({peer, way, ...bringTogether(scenario, repeated)}));
  return {name: scenario.name, columns: scenario.columns, rows, goals: judge(scenario, rows)};
}

/** Longer than any trial takes, filling a million records included. */
const TRIAL_MS_MAX = 30 * 60_000;

/** Never resolves. Rejects when a trial takes too long: a server that stays silent must not hold up the rest. */
async function failLate(signal: AbortSignal): Promise<never> {
  await delay(TRIAL_MS_MAX, undefined, {signal}).catch(() => new Promise<never>(() => undefined));
  throw new Error('it did not end');
}

async function runTrial(scenario: Scenario, settings: RunSettings & {peer: Peer}) {
  const trial = openTrial({
    ...settings,
    profileFolder: settings.peer.name === 'fieldmerge' ? settings.profileFolder : undefined,
  });
  const ended = new AbortController();
  try {
    return await Promise.race([scenario.run(trial), failLate(ended.signal)]);
  } catch (error) {
    throw new Error(`${scenario.name} with ${settings.peer.name} failed`, {cause: error});
  } finally {
    ended.abort();
    await trial.close();
  }
}

/** Nobody always comes first, or always after the same one. */
const rotated = <T>(items: readonly T[], by: number): T[] => {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};

function bringTogether({columns}: Scenario, rows: readonly Row[]) {
  const trials = rows.map(({values}) => values);
  const names = Object.keys(rows[0]?.distributions ?? {});
  const medianAt = (name: string, index: number) =>
    spreadOf(rows.map(({distributions}) => distributions?.[name]?.[index] ?? NaN)).median;
  return {
    trials,
    values: Object.fromEntries(
      columns.map(({key}) => [key, spreadOf(trials.map((values) => values[key] ?? NaN))]),
    ),
    distributions: Object.fromEntries(
      names.map((name) => [name, QUANTILES.map((_, index) => medianAt(name, index))]),
    ),
  };
}

function judge(scenario: Scenario, rows: readonly ResultRow[]): GoalResult[] {
  const medianOf = (peer: PeerName, way: string, key: string) =>
    rows.find((row) => row.peer === peer && row.way === way)?.values[key]?.median;
  return scenario.goals.flatMap(({key, way, against, bound}) => {
    const value = medianOf('fieldmerge', way, key);
    const other = against === undefined ? 1 : medianOf(against.peer, against.way, against.key ?? key);
    if (value === undefined || other === undefined) return [];
    const ratio = value / other;
    // A tiny load may cost the other nothing that can be measured.
    if (!Number.isFinite(ratio)) return [];
    const isReached =
      'atMost' in bound
        ? ratio <= bound.atMost || value - other <= (bound.orPlus ?? -Infinity)
        : ratio >= bound.atLeast;
    return [{key, way, ...(against === undefined ? {} : {against}), value, ratio, bound, isReached}];
  });
}

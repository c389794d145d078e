// Asks one scenario's question of every peer, several times in turn, so that a mood of the machine falls on all.
import type {Peer, PeerName} from './peers/peer.ts';
import type {Goal, Scenario} from './scenarios/scenario.ts';
import {spreadOf, type Spread} from './statistics.ts';
import {openTrial, type TrialSettings} from './trial.ts';

export interface RunSettings extends Omit<TrialSettings, 'peer'> {
  readonly peers: readonly Peer[];
  readonly repetitions: number;
  readonly onProgress: (message: string) => void;
}

export interface ResultRow {
  readonly peer: PeerName;
  readonly way: string;
  /** Of each repetition, by column. */
  readonly trials: readonly Readonly<Record<string, number>>[];
  readonly values: Readonly<Record<string, Spread>>;
}

export interface GoalResult {
  readonly key: string;
  readonly way: string;
  readonly against: {readonly peer: PeerName; readonly way: string};
  readonly ratio: number;
  readonly bound: Goal['bound'];
  readonly isReached: boolean;
}

export interface ScenarioResult {
  readonly name: string;
  readonly rows: readonly ResultRow[];
  /** Those whose peers took part. */
  readonly goals: readonly GoalResult[];
}

/** Rejects if a peer fails a trial: figures of lost edits would mean nothing. */
export async function runScenario(scenario: Scenario, settings: RunSettings): Promise<ScenarioResult> {
  const peers = settings.peers.filter((peer) => scenario.isFor(peer));
  const trials = new Map<string, {peer: PeerName; way: string; values: Record<string, number>[]}>();
  for (let repetition = 0; repetition < settings.repetitions; repetition++) {
    for (const peer of rotated(peers, repetition)) {
      settings.onProgress(`${scenario.name} ${repetition + 1}/${settings.repetitions}: ${peer.name}`);
      for (const {way, values} of await runTrial(scenario, {...settings, peer})) {
        const key = `${peer.name}/${way}`;
        const row = trials.get(key) ?? {peer: peer.name, way, values: []};
        row.values.push({...values});
        trials.set(key, row);
      }
    }
  }
  const order = (name: PeerName) => peers.findIndex((peer) => peer.name === name);
  const rows = [...trials.values()]
    .sort((a, b) => order(a.peer) - order(b.peer))
    .map(({peer, way, values}) => ({peer, way, trials: values, values: spreadsOf(scenario, values)}));
  return {name: scenario.name, rows, goals: judge(scenario, rows)};
}

async function runTrial(scenario: Scenario, settings: RunSettings & {peer: Peer}) {
  const trial = openTrial({
    ...settings,
    profileFolder: settings.peer.name === 'fieldmerge' ? settings.profileFolder : undefined,
  });
  try {
    return await scenario.run(trial);
  } catch (error) {
    throw new Error(`${scenario.name} with ${settings.peer.name} failed`, {cause: error});
  } finally {
    await trial.close();
  }
}

/** Nobody always comes first, or always after the same one. */
const rotated = <T>(items: readonly T[], by: number): T[] => {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
};

const spreadsOf = (scenario: Scenario, trials: readonly Record<string, number>[]) =>
  Object.fromEntries(
    scenario.columns.map(({key}) => [key, spreadOf(trials.map((values) => values[key] ?? NaN))]),
  );

function judge(scenario: Scenario, rows: readonly ResultRow[]): GoalResult[] {
  const medianOf = (peer: PeerName, way: string, key: string) =>
    rows.find((row) => row.peer === peer && row.way === way)?.values[key]?.median;
  return scenario.goals.flatMap(({key, way, against, bound}) => {
    const ours = medianOf('fieldmerge', way, key);
    const theirs = medianOf(against.peer, against.way, key);
    if (ours === undefined || theirs === undefined) return [];
    const ratio = ours / theirs;
    const isReached = 'atMost' in bound ? ratio <= bound.atMost : ratio >= bound.atLeast;
    return [{key, way, against, ratio, bound, isReached}];
  });
}

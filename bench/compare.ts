// Whether a change made something slower, told from two runs beyond what either varies by itself. Pure; asked by
// compare-command.ts. Both runs hold floors measured in turn with Fieldmerge: each repetition is divided by its floor of
// the same repetition, and the machine's mood cancels.
import type {RunFile, RunResult, RunRow} from './run-file.ts';
import {spreadOf, type Spread} from './statistics.ts';

export interface Comparison {
  readonly scenario: string;
  readonly way: string;
  readonly key: string;
  readonly title: string;
  /** What both runs were divided by; null where a scenario has none: then the figures themselves are compared. */
  readonly floor: string | null;
  readonly before: Spread;
  readonly after: Spread;
  /** How much worse after than before: 1.2 is a fifth. Below 1 it became better. */
  readonly worse: number;
  /** Past this it is beyond noise. */
  readonly threshold: number;
  readonly verdict: 'slower' | 'faster' | 'same';
}

export type Compared =
  | {readonly kind: 'compared'; readonly comparisons: readonly Comparison[]}
  /** Runs that say nothing about each other. */
  | {readonly kind: 'refused'; readonly reason: string};

/** What is smaller than this is never beyond noise, with and without a floor to divide by. */
const NOISE_MIN = 0.1;
const NOISE_WITHOUT_FLOOR_MIN = 0.25;
/** Of one repetition nobody knows how it varies. */
const NOISE_UNKNOWN = 0.5;

export function compareRuns(before: RunFile, after: RunFile): Compared {
  if (before.scale !== after.scale)
    return {kind: 'refused', reason: `the loads differ: ${before.scale} and ${after.scale} of the full one`};
  const pairs = before.results.flatMap((old) => {
    const now = after.results.find(({name}) => name === old.name);
    return now === undefined ? [] : [{old, now}];
  });
  const comparisons = pairs.flatMap(({old, now}) => compareScenario(old, now));
  return comparisons.length > 0
    ? {kind: 'compared', comparisons}
    : {kind: 'refused', reason: 'they have no figure of Fieldmerge in common'};
}

const ofFieldmerge = ({rows}: RunResult): RunRow[] => rows.filter(({peer}) => peer === 'fieldmerge');

function compareScenario(old: RunResult, now: RunResult): Comparison[] {
  return ofFieldmerge(old).flatMap((oldRow) => {
    const nowRow = ofFieldmerge(now).find(({way}) => way === oldRow.way);
    if (nowRow === undefined) return [];
    return old.columns.flatMap(({key, title, better}) => {
      if (better === undefined) return [];
      const floor = findFloor({old, now}, {way: oldRow.way, key});
      const [before, after] = [samplesOf(old, oldRow, {key, floor}), samplesOf(now, nowRow, {key, floor})];
      if (before.length === 0 || after.length === 0) return [];
      const names = {
        scenario: old.name,
        way: oldRow.way,
        key,
        title,
        floor: floor === null ? null : nameOf(floor),
      };
      return [{...names, ...judge({before, after, better, hasFloor: floor !== null})}];
    });
  });
}

type Floor = Pick<RunRow, 'peer' | 'way'>;

const nameOf = ({peer, way}: Floor): string => `${peer} (${way})`;

/** The row of a floor that both runs have and whose figure can be divided by: the same way first, that which commits first. */
function findFloor(
  {old, now}: {old: RunResult; now: RunResult},
  {way, key}: {way: string; key: string},
): Floor | null {
  const isUsable = (row: RunRow): boolean => row.trials.every((trial) => (trial[key] ?? NaN) > 0);
  const candidates = (['floor-pg', 'floor-ws'] as const).flatMap((peer) =>
    old.rows.filter((row) => row.peer === peer && isUsable(row)),
  );
  const isInBoth = (row: RunRow): boolean =>
    now.rows.some((other) => other.peer === row.peer && other.way === row.way && isUsable(other));
  const common = candidates.filter(isInBoth);
  return common.find((row) => row.way === way) ?? common[0] ?? null;
}

/** One per repetition. */
function samplesOf(
  result: RunResult,
  row: RunRow,
  {key, floor}: {key: string; floor: Floor | null},
): number[] {
  const floorRow = result.rows.find(({peer, way}) => peer === floor?.peer && way === floor.way);
  return row.trials
    .map((trial, repetition) => {
      const divisor = floorRow === undefined ? 1 : (floorRow.trials[repetition]?.[key] ?? NaN);
      return (trial[key] ?? NaN) / divisor;
    })
    .filter((sample) => Number.isFinite(sample) && sample > 0);
}

/** Half of what lies between the lowest and the highest, as a share of the median. */
const noiseOf = ({median, low, high}: Spread, samples: number): number =>
  samples < 2 ? NOISE_UNKNOWN : (high - low) / 2 / median;

function judge(figures: {
  before: readonly number[];
  after: readonly number[];
  better: 'lower' | 'higher';
  hasFloor: boolean;
}): Pick<Comparison, 'before' | 'after' | 'worse' | 'threshold' | 'verdict'> {
  const [before, after] = [spreadOf(figures.before), spreadOf(figures.after)];
  const noise = noiseOf(before, figures.before.length) + noiseOf(after, figures.after.length);
  const threshold = 1 + Math.max(figures.hasFloor ? NOISE_MIN : NOISE_WITHOUT_FLOOR_MIN, noise);
  const grown = after.median / before.median;
  const worse = figures.better === 'lower' ? grown : 1 / grown;
  const verdict = worse > threshold ? 'slower' : worse < 1 / threshold ? 'faster' : 'same';
  return {before, after, worse, threshold, verdict};
}

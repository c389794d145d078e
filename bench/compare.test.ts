import {describe, expect, it} from 'vitest';
import {compareRuns, type Comparison} from './compare.ts';
import type {RunFile} from './run-file.ts';
import {spreadOf} from './statistics.ts';

interface Figures {
  readonly ours: readonly number[];
  /** Absent: the run has no floor. */
  readonly floor?: readonly number[];
  readonly scale?: number;
  readonly better?: 'lower' | 'higher';
}

const row = (peer: 'fieldmerge' | 'floor-pg', samples: readonly number[]) => ({
  peer,
  way: 'socket',
  trials: samples.map((p50) => ({p50})),
  values: {p50: spreadOf(samples)},
  distributions: {},
});

const runOf = ({ours, floor, scale = 1, better = 'lower'}: Figures): RunFile => ({
  at: '2026-01-05T08:00:00.000Z',
  command: 'npm run bench',
  machine: {},
  scale,
  repetitions: ours.length,
  absent: [],
  results: [
    {
      name: 'live',
      columns: [{key: 'p50', title: 'p50', unit: 'ms', better}],
      rows: [row('fieldmerge', ours), ...(floor === undefined ? [] : [row('floor-pg', floor)])],
      goals: [],
    },
  ],
});

function compareOne(before: Figures, after: Figures): Comparison {
  const compared = compareRuns(runOf(before), runOf(after));
  if (compared.kind === 'refused') throw new Error(compared.reason);
  expect(compared.comparisons).toHaveLength(1);
  return compared.comparisons[0]!;
}

const steady = [10, 10.1, 9.9];
const floor = [5, 5, 5];

describe('the verdict', () => {
  it.each<[string, Figures, Figures, Comparison['verdict']]>([
    ['the same run is the same', {ours: steady, floor}, {ours: steady, floor}, 'same'],
    ['half as fast is slower', {ours: steady, floor}, {ours: [20, 20.2, 19.8], floor}, 'slower'],
    ['twice as fast is faster', {ours: steady, floor}, {ours: [5, 5.05, 4.95], floor}, 'faster'],
    [
      'a machine in a worse mood slows both, and is no change',
      {ours: steady, floor},
      {ours: [20, 20.2, 19.8], floor: [10, 10, 10]},
      'same',
    ],
    [
      'a machine in a better mood does not hide a change',
      {ours: steady, floor},
      {ours: steady, floor: [2.5, 2.5, 2.5]},
      'slower',
    ],
    [
      'a mood that changes between repetitions cancels too',
      {ours: [10, 20, 40], floor: [5, 10, 20]},
      {ours: [26, 13, 6.5], floor: [10, 5, 2.5]},
      'slower',
    ],
    ['what lies within the spread is noise', {ours: [8, 10, 12], floor}, {ours: [10, 12, 14], floor}, 'same'],
    ['a tenth is never beyond noise', {ours: steady, floor}, {ours: [10.9, 10.9, 10.9], floor}, 'same'],
    ['without a floor a fifth is noise', {ours: steady}, {ours: [12, 12, 12]}, 'same'],
    ['without a floor a third is slower', {ours: steady}, {ours: [13.5, 13.5, 13.5]}, 'slower'],
    ['of single repetitions only much is slower', {ours: [10], floor: [5]}, {ours: [15], floor: [5]}, 'same'],
    [
      'where more is better, less is slower',
      {ours: steady, floor, better: 'higher'},
      {ours: [5, 5, 5], floor, better: 'higher'},
      'slower',
    ],
  ])('%s', (_rule, before, after, verdict) => {
    expect(compareOne(before, after).verdict).toBe(verdict);
  });

  it('says by how much and against which floor', () => {
    const {worse, floor: name} = compareOne({ours: steady, floor}, {ours: [20, 20, 20], floor});
    expect(worse).toBeCloseTo(2);
    expect(name).toBe('floor-pg (socket)');
  });

  it('compares the figures themselves where only one run has the floor', () => {
    expect(compareOne({ours: steady, floor}, {ours: steady}).floor).toBeNull();
  });
});

describe('runs that say nothing about each other', () => {
  it('are refused when their loads differ', () => {
    expect(compareRuns(runOf({ours: steady}), runOf({ours: steady, scale: 0.1})).kind).toBe('refused');
  });

  it('are refused when they have no scenario in common', () => {
    const other = runOf({ours: steady});
    const renamed = {...other, results: other.results.map((result) => ({...result, name: 'growth'}))};
    expect(compareRuns(runOf({ours: steady}), renamed).kind).toBe('refused');
  });
});

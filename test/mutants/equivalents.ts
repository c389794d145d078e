// Mutants that are no different from the code, by what they are mutants of.
import type {Equivalent} from './equivalent.ts';
import {equivalentsOfChanges} from './equivalents-of-changes.ts';
import {equivalentsOfFeed} from './equivalents-of-feed.ts';
import {equivalentsOfGuards} from './equivalents-of-guards.ts';
import {equivalentsOfLane} from './equivalents-of-lane.ts';

export const equivalents: readonly Equivalent[] = [
  ...equivalentsOfGuards,
  ...equivalentsOfChanges,
  ...equivalentsOfFeed,
  ...equivalentsOfLane,
];

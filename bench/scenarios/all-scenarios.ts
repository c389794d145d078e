// The scenarios, in the order in which they run.
import {catchUp} from './catch-up.ts';
import {live} from './live.ts';
import {offlineBurst} from './offline-burst.ts';
import {saturation} from './saturation.ts';
import type {Scenario} from './scenario.ts';

export const scenarios: readonly Scenario[] = [live, saturation, catchUp, offlineBurst];

// The scenarios, in the order in which they run.
import {catchUp} from './catch-up.ts';
import {conflicts} from './conflicts.ts';
import {connections} from './connections.ts';
import {growth} from './growth.ts';
import {live} from './live.ts';
import {offlineBurst} from './offline-burst.ts';
import {saturation} from './saturation.ts';
import type {Scenario} from './scenario.ts';
import {tenants} from './tenants.ts';
import {transport} from './transport.ts';

export const scenarios: readonly Scenario[] = [
  live,
  saturation,
  catchUp,
  offlineBurst,
  connections,
  conflicts,
  tenants,
  growth,
  transport,
];

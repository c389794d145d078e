// Histories that once showed a difference between the core and the oracle, as the model printed them.
import {test} from 'vitest';
import {loadCore} from './core.ts';
import type {Plan} from './plan.ts';
import {runPlan} from './run.ts';

const core = await loadCore(new URL('../../crdt/', import.meta.url).pathname);

const keptLiveTwice: Plan = {
  entity: 1,
  seed: 664189022,
  devices: [
    {kind: 'keeping', employee: false},
    {kind: 'keeping', employee: false},
    {kind: 'plain', employee: false},
    {kind: 'json', employee: false},
  ],
  operations: [
    {kind: 'connection', by: 2, what: 932, how: 345, dice: 1470365646},
    {kind: 'connection', by: 2, what: 408, how: 783, dice: 1541762123},
    {kind: 'write', by: 3, what: 931, how: 626, dice: 966359704},
    {kind: 'deleteRecord', by: 3, what: 969, how: 9, dice: 407482777},
    {kind: 'connection', by: 1, what: 118, how: 964, dice: 2061843954},
    {kind: 'write', by: 4, what: 879, how: 136, dice: 808549252},
    {kind: 'connection', by: 1, what: 412, how: 13, dice: 1425890338},
    {kind: 'deleteRecord', by: 2, what: 968, how: 760, dice: 847221596},
    {kind: 'compact', by: 2, what: 49, how: 846, dice: 7},
    {kind: 'write', by: 0, what: 991, how: 31, dice: 1689899746},
    {kind: 'removeEntry', by: 0, what: 618, how: 790, dice: 2147483621},
    {kind: 'deleteRecord', by: 1, what: 996, how: 998, dice: 1273336621},
    {kind: 'send', by: 3, what: 515, how: 677, dice: 247889247},
    {kind: 'deleteRecord', by: 4, what: 8, how: 92, dice: 23446524},
    {kind: 'deleteRecord', by: 2, what: 929, how: 4, dice: 15},
  ],
};

test('a record kept by the same write again is seen by whoever was shown that write before', async () => {
  await runPlan(core, keptLiveTwice);
});

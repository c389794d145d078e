// The drill, small.
import {expect, test} from 'vitest';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {runDrill} from './drill.ts';

test(
  'a device that saw more than the backup holds reads again and gives back what is missing',
  {timeout: 180_000},
  async () => {
    const shown = await runDrill(await makeScratchFolder(), {before: 5, after: 5});
    expect(shown).toMatchObject({oldCursor: 'resync', lacked: 5, missing: 0, faults: 0});
  },
);

// Whether a server forgets its connections. CYCLES in the environment changes how many there are;
// `npm run test:leaks` has a hundred thousand.
import {expect, onTestFinished, test} from 'vitest';
import {makeScratchFolder} from '#test/support/scratch-folder.ts';
import {createTestDatabase} from '#test/support/test-database.ts';
import {HEAP_GROWTH_BYTES_MAX, heapGrowthOf, runLeaks, tellLeaks} from './leak-run.ts';
import {openStage, withoutHeap} from './leak-stage.ts';

const CYCLES = Number(process.env['CYCLES'] ?? 3_000);

// I27 of docs/reliability.md.
test(
  `after ${CYCLES} connections of every kind, failing ones too, a server holds what it held before`,
  async () => {
    const database = await createTestDatabase();
    onTestFinished(() => database.drop());
    const stage = await openStage({databaseUrl: database.url, folder: await makeScratchFolder()});
    onTestFinished(() => stage.close());
    const result = await runLeaks(stage, {cycles: CYCLES});
    console.log(tellLeaks(result));
    expect(withoutHeap(result.after)).toEqual(withoutHeap(result.baseline));
    expect(result.after).toMatchObject({followers: 0, poolLent: 0});
    expect(heapGrowthOf(result)).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  },
  300_000 + CYCLES * 60,
);

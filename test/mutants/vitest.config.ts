// The tests of one group of mutants, one after the other in one process. Run by main.ts.
import {defineConfig} from 'vitest/config';
import {BaseSequencer, type TestSpecification} from 'vitest/node';
import {mutantGroups} from './groups.ts';

const group = mutantGroups.find(({name}) => name === process.env['MUTANT_GROUP']);
if (group === undefined) throw new Error('MUTANT_GROUP names no group of mutants.');
const {tests, needsPostgres} = group;

/** In the order of the group: what most mutants fail in comes first. */
class AsListed extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({moduleId}: TestSpecification): number =>
      tests.findIndex((path) => moduleId.endsWith(`/${path}`));
    return Promise.resolve(files.toSorted((a, b) => placeOf(a) - placeOf(b)));
  }
}

export default defineConfig({
  test: {
    include: [...tests],
    globalSetup: needsPostgres ? ['test/support/postgres-setup.ts'] : [],
    runner: 'test/mutants/runner.ts',
    silent: true,
    isolate: false,
    maxWorkers: 1,
    sequence: {sequencer: AsListed},
    // Long runs give way to everything else on the machine.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    bail: 1,
    dangerouslyIgnoreUnhandledErrors: true,
  },
});

// What a load balancer is told, by what is wrong.
import {expect, test} from 'vitest';
import {createReadiness, LANES_QUIET_MS_MAX, type ReadinessDeps} from './readiness.ts';

const healthy: ReadinessDeps = {
  isDraining: () => false,
  isMigrated: () => Promise.resolve(true),
  laneLoad: () => ({quietMs: 0}),
};
const ask = (changed: Partial<ReadinessDeps>) => createReadiness({...healthy, ...changed})();

test.each<[string, Partial<ReadinessDeps>, string | null]>([
  ['all is well', {}, null],
  ['it is being stopped', {isDraining: () => true}, 'draining'],
  ['the database cannot be reached', {isMigrated: () => Promise.reject(new Error('away'))}, 'database'],
  ['a migration is missing', {isMigrated: () => Promise.resolve(false)}, 'migrations'],
  ['lanes answer, if late', {laneLoad: () => ({quietMs: LANES_QUIET_MS_MAX})}, null],
  ['no lane answers any more', {laneLoad: () => ({quietMs: LANES_QUIET_MS_MAX + 1})}, 'lanes'],
])('when %s', async (_, changed, expected) => {
  expect(await ask(changed)).toBe(expected);
});

test('a database that does not answer at all counts as away', async () => {
  expect(await ask({isMigrated: () => new Promise(() => undefined), answerMsMax: 1})).toBe('database');
});

test('many who ask at once cost one question', async () => {
  let questions = 0;
  const whyNotReady = createReadiness({
    ...healthy,
    isMigrated: () => {
      questions++;
      return Promise.resolve(true);
    },
  });
  await Promise.all(Array.from({length: 20}, whyNotReady));
  expect(questions).toBe(1);
  await whyNotReady();
  expect(questions).toBe(2);
});

test('a stop that begins while the database is asked is told', async () => {
  const state = {draining: false};
  const isMigrated = (): Promise<boolean> => {
    state.draining = true;
    return Promise.resolve(true);
  };
  expect(await ask({isDraining: () => state.draining, isMigrated})).toBe('draining');
});

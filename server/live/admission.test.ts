import {expect, test} from 'vitest';
import {ADMITTED_AT_ONCE, createAdmission} from './admission.ts';

const turn = (): Promise<void> => new Promise(setImmediate);

/** Work that ends when it is told to, and time that passes when it is told to. */
function setUp() {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const timeouts: (() => void)[] = [];
  const admission = createAdmission({
    after(_ms, run) {
      timeouts.push(run);
      return () => undefined;
    },
  });
  const arrive = (count: number, connection = {isEnded: () => false}): void => {
    for (let index = 0; index < count; index++) {
      const name = ends.length;
      let end = (): void => undefined;
      const over = new Promise<void>((resolve) => (end = resolve));
      ends.push(() => end());
      void admission.run(connection, () => {
        started.push(name);
        return over;
      });
    }
  };
  return {admission, arrive, started, ends, timeouts};
}

test('a crowd is let in a bounded number at a time, in order of arrival', async () => {
  const {arrive, started, ends} = setUp();
  arrive(ADMITTED_AT_ONCE + 12);
  expect(started).toHaveLength(ADMITTED_AT_ONCE);
  ends[3]!();
  ends[5]!();
  await turn();
  expect(started).toEqual(Array.from({length: ADMITTED_AT_ONCE + 2}, (_, name) => name));
});

test('one that takes long keeps nobody out for ever, and ends its turn once', async () => {
  const {arrive, started, ends, timeouts} = setUp();
  arrive(ADMITTED_AT_ONCE + 2);
  timeouts[0]!();
  expect(started).toHaveLength(ADMITTED_AT_ONCE + 1);
  ends[0]!();
  await turn();
  expect(started).toHaveLength(ADMITTED_AT_ONCE + 1);
});

test('one that fails ends its turn, and is told why', async () => {
  const {admission, arrive, started, ends} = setUp();
  arrive(ADMITTED_AT_ONCE - 1);
  const failing = admission.run({isEnded: () => false}, () => Promise.reject(new Error('refused')));
  arrive(1);
  await expect(failing).rejects.toThrow('refused');
  await turn();
  expect(started).toHaveLength(ADMITTED_AT_ONCE);
  for (const end of ends) end();
});

test('one that is gone by its turn takes none', async () => {
  const {arrive, started, ends} = setUp();
  arrive(ADMITTED_AT_ONCE);
  const gone = {isEnded: () => false};
  arrive(5, gone);
  arrive(1);
  gone.isEnded = () => true;
  ends[0]!();
  await turn();
  expect(started.slice(ADMITTED_AT_ONCE)).toEqual([ADMITTED_AT_ONCE + 5]);
});

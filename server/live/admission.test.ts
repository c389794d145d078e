import {expect, test} from 'vitest';
import {createAdmission} from './admission.ts';

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
  const arrive = (count: number): void => {
    for (let index = 0; index < count; index++) {
      const name = ends.length;
      let end = (): void => undefined;
      const over = new Promise<void>((resolve) => (end = resolve));
      ends.push(() => end());
      void admission.run(() => {
        started.push(name);
        return over;
      });
    }
  };
  return {admission, arrive, started, ends, timeouts};
}

test('a crowd is let in eight at a time, in order of arrival', async () => {
  const {arrive, started, ends} = setUp();
  arrive(20);
  expect(started).toHaveLength(8);
  ends[3]!();
  ends[5]!();
  await turn();
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('one that takes long keeps nobody out for ever, and ends its turn once', async () => {
  const {arrive, started, ends, timeouts} = setUp();
  arrive(10);
  timeouts[0]!();
  expect(started).toHaveLength(9);
  ends[0]!();
  await turn();
  expect(started).toHaveLength(9);
});

test('one that fails ends its turn, and is told why', async () => {
  const {admission, arrive, started, ends} = setUp();
  arrive(7);
  const failing = admission.run(() => Promise.reject(new Error('refused')));
  arrive(1);
  await expect(failing).rejects.toThrow('refused');
  await turn();
  expect(started).toHaveLength(8);
  for (const end of ends) end();
});

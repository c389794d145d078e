import {expect, onTestFinished, test, vi} from 'vitest';
import {gather} from './gather.ts';

const turn = (): Promise<void> => new Promise(setImmediate);

function holdTimers(): void {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout', 'performance']});
  onTestFinished(() => void vi.useRealTimers());
}

/** Questions are `key/name`; each time they are asked waits until it is answered. */
function setUp(max = 10) {
  const asked: {names: readonly string[]; answer: () => void; fail: (error: unknown) => void}[] = [];
  const ask = gather({
    keyOf: (question: string) => question.split('/')[0] ?? '',
    askAll: (questions) =>
      new Promise<readonly string[]>((resolve, reject) => {
        const answers = questions.map((question) => question.toUpperCase());
        asked.push({names: questions, answer: () => resolve(answers), fail: reject});
      }),
    max,
  });
  return {ask, asked, names: () => asked.map(({names}) => names.join(' '))};
}

test('questions of one turn are asked together, each key for itself, and answered each', async () => {
  const {ask, asked, names} = setUp();
  const answers = Promise.all([ask('a/1'), ask('b/1'), ask('a/2')]);
  expect(names()).toEqual([]);
  await turn();
  expect(names()).toEqual(['a/1 a/2', 'b/1']);
  for (const {answer} of asked) answer();
  expect(await answers).toEqual(['A/1', 'B/1', 'A/2']);
});

test('who comes while others are being answered waits for the next time, and no more than the bound go together', async () => {
  const {ask, asked, names} = setUp(2);
  void ask('a/1');
  await turn();
  for (const name of ['a/2', 'a/3', 'a/4']) void ask(name);
  await turn();
  expect(names()).toEqual(['a/1']);
  asked[0]!.answer();
  await turn();
  expect(names()).toEqual(['a/1', 'a/2 a/3']);
  asked[1]!.answer();
  await turn();
  expect(names().at(-1)).toBe('a/4');
});

test('an answer may fail alone', async () => {
  const ask = gather({
    keyOf: () => '',
    askAll: (questions: readonly string[]) =>
      Promise.resolve(
        questions.map((name) =>
          name === 'bad' ? Promise.reject(new Error('refused')) : Promise.resolve(name),
        ),
      ),
    max: 10,
  });
  const [good, bad] = await Promise.allSettled([ask('good'), ask('bad')]);
  expect(good).toEqual({status: 'fulfilled', value: 'good'});
  expect(bad.status).toBe('rejected');
});

test('once all is answered the next question is asked anew', async () => {
  const {ask, asked, names} = setUp();
  for (const name of ['a/1', 'a/2']) {
    const answer = ask(name);
    await turn();
    asked.at(-1)!.answer();
    await answer;
    await turn();
  }
  expect(names()).toEqual(['a/1', 'a/2']);
});

test('behind several a moment passes in which more may come; whoever asks alone again and again does not wait', async () => {
  holdTimers();
  const {ask, asked, names} = setUp();
  const answerNext = async (): Promise<void> => {
    asked.at(-1)!.answer();
    await turn();
  };
  void ask('a/1');
  void ask('a/2');
  await turn();
  await answerNext();
  void ask('a/3');
  vi.advanceTimersByTime(9);
  void ask('a/4');
  await turn();
  expect(names()).toEqual(['a/1 a/2']);
  vi.advanceTimersByTime(1);
  expect(names()).toEqual(['a/1 a/2', 'a/3 a/4']);
  await answerNext();
  vi.advanceTimersByTime(10);
  for (const name of ['a/5', 'a/6', 'a/7']) {
    void ask(name);
    await turn();
    expect(names().at(-1)).toBe(name);
    await answerNext();
  }
});

test('what fails, fails for those who were asked together, and for nobody behind them', async () => {
  holdTimers();
  const {ask, asked} = setUp();
  const together = Promise.allSettled([ask('a/1'), ask('a/2')]);
  await turn();
  const behind = ask('a/3');
  asked[0]!.fail(new Error('gone'));
  expect((await together).map(({status}) => status)).toEqual(['rejected', 'rejected']);
  await turn();
  vi.advanceTimersByTime(10);
  asked[1]!.answer();
  expect(await behind).toBe('A/3');
});

test('an answer that does not come keeps nobody waiting for long, and may still come', async () => {
  holdTimers();
  const {ask, asked, names} = setUp();
  const late = ask('a/1');
  await turn();
  const next = ask('a/2');
  vi.advanceTimersByTime(500);
  expect(names()).toEqual(['a/1', 'a/2']);
  asked[1]!.answer();
  expect(await next).toBe('A/2');
  asked[0]!.answer();
  expect(await late).toBe('A/1');
  void ask('a/3');
  await turn();
  expect(names().at(-1)).toBe('a/3');
});

// When a lookup is made again, and when not.
import {expect, test} from 'vitest';
import {createLookupCache} from './lookup-cache.ts';

function setUp() {
  const clock = {ms: 0};
  const calls: string[] = [];
  const cache = createLookupCache<string>({max: 2, keptMs: 1_000, now: () => clock.ms});
  const get = (key: string) =>
    cache.get(key, () => {
      calls.push(key);
      return Promise.resolve(`${key}${calls.length}`);
    });
  return {clock, calls, cache, get};
}

test('an answer is kept until it is as old as allowed', async () => {
  const {clock, get} = setUp();
  expect(await get('a')).toBe('a1');
  clock.ms = 999;
  expect(await get('a')).toBe('a1');
  clock.ms = 1_000;
  expect(await get('a')).toBe('a2');
});

test('callers at the same time share one lookup', async () => {
  const {get} = setUp();
  expect(await Promise.all([get('a'), get('a')])).toEqual(['a1', 'a1']);
});

test('a failure reaches everybody who waits and is not kept', async () => {
  const {cache, get} = setUp();
  const fail = () => cache.get('a', () => Promise.reject(new Error('away')));
  await expect(fail()).rejects.toThrow('away');
  expect(await get('a')).toBe('a1');
});

test('past the bound the oldest leaves', async () => {
  const {calls, get} = setUp();
  for (const key of ['a', 'b', 'c', 'b', 'c', 'a']) await get(key);
  expect(calls).toEqual(['a', 'b', 'c', 'a']);
});

test('forgetting drops what matches and what is under way', async () => {
  const {cache, calls, get} = setUp();
  await get('a');
  const underWay = get('b');
  cache.forget((value) => value === 'nothing');
  await underWay;
  await Promise.all([get('a'), get('b')]);
  expect(calls).toEqual(['a', 'b', 'b']);
  cache.forget((value) => value.startsWith('a'));
  await Promise.all([get('a'), get('b')]);
  expect(calls).toEqual(['a', 'b', 'b', 'a']);
});

import {expect, test} from 'vitest';
import {createTokenBuckets} from './token-buckets.ts';

const setUp = ({perSecond = 10, burst = 3, keysMax = 100} = {}) => {
  const clock = {ms: 1_000_000};
  return {clock, buckets: createTokenBuckets({perSecond, burst}, {now: () => clock.ms, keysMax})};
};

test('a full bucket gives its burst, then one token per interval', () => {
  const {clock, buckets} = setUp();
  expect([1, 2, 3, 4].map(() => buckets.take('a').isTaken)).toEqual([true, true, true, false]);
  clock.ms += 99;
  expect(buckets.take('a')).toMatchObject({isTaken: false, left: 0});
  clock.ms += 1;
  expect([1, 2].map(() => buckets.take('a').isTaken)).toEqual([true, false]);
});

test('what is left, and when there is more, is told', () => {
  const {buckets} = setUp();
  expect(buckets.take('a')).toEqual({isTaken: true, left: 2, waitMs: 0, fullInMs: 100});
  buckets.take('a');
  expect(buckets.take('a')).toEqual({isTaken: true, left: 0, waitMs: 100, fullInMs: 300});
  expect(buckets.take('a')).toEqual({isTaken: false, left: 0, waitMs: 100, fullInMs: 300});
});

test('a bucket fills up to its burst and no further', () => {
  const {clock, buckets} = setUp();
  buckets.take('a');
  clock.ms += 3_600_000;
  expect([1, 2, 3, 4].map(() => buckets.take('a').isTaken)).toEqual([true, true, true, false]);
});

test('keys do not share', () => {
  const {buckets} = setUp({burst: 1});
  expect(['a', 'b', 'a'].map((key) => buckets.take(key).isTaken)).toEqual([true, true, false]);
});

test('a clock that is set back locks nobody out for longer than an empty bucket takes', () => {
  const {clock, buckets} = setUp({burst: 1});
  buckets.take('a');
  clock.ms -= 3_600_000;
  expect(buckets.take('a').waitMs).toBeLessThanOrEqual(100);
  clock.ms += 100;
  expect(buckets.take('a').isTaken).toBe(true);
});

test('no more keys are kept than the bound; the one used longest ago goes', () => {
  const {buckets} = setUp({burst: 1, keysMax: 2});
  for (const key of ['a', 'b', 'a', 'c']) buckets.take(key);
  expect(buckets.size()).toBe(2);
  expect(buckets.take('a').isTaken).toBe(false);
  expect(buckets.take('b').isTaken).toBe(true);
});

test('a fraction of a millisecond does not add up to a token lost', () => {
  const {clock, buckets} = setUp({perSecond: 300, burst: 300});
  for (let second = 0; second < 50; second++) {
    let taken = 0;
    while (buckets.take('a').isTaken) taken++;
    expect(taken).toBe(300);
    clock.ms += 1_000;
  }
});

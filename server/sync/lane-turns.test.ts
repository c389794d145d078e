import {expect, test} from 'vitest';
import {createLaneTurns} from './lane-turns.ts';

const [a, b, c] = [{}, {}, {}];

function setUp() {
  const clock = {ms: 5_000};
  return {clock, turns: createLaneTurns(() => clock.ms)};
}

test('a tenant alone shares with nobody, however often it has its turn', () => {
  const {turns} = setUp();
  expect(turns.isShared(a)).toBe(false);
  for (let turn = 0; turn < 3; turn++) turns.took(a);
  expect(turns.isShared(a)).toBe(false);
  expect(turns.isShared(b)).toBe(true);
});

test('two tenants share until one of them has had no turn for a second', () => {
  const {clock, turns} = setUp();
  turns.took(b);
  for (let turn = 0; turn < 10; turn++) {
    clock.ms += 99;
    turns.took(a);
    expect(turns.isShared(a)).toBe(true);
  }
  clock.ms += 10;
  turns.took(a);
  expect(turns.isShared(a)).toBe(false);
});

test('whoever had the turn before last counts, also after the one before that', () => {
  const {clock, turns} = setUp();
  turns.took(a);
  clock.ms += 600;
  turns.took(b);
  clock.ms += 600;
  turns.took(c);
  expect([a, b, c].map((lane) => turns.isShared(lane))).toEqual([true, true, true]);
  clock.ms += 600;
  turns.took(c);
  expect(turns.isShared(c)).toBe(false);
});

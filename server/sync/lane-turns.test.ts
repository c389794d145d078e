import {expect, test} from 'vitest';
import {createLaneTurns, type LaneTurn} from './lane-turns.ts';

function setUp() {
  const clock = {ms: 5_000};
  const waits: {readonly ms: number; readonly over: () => void}[] = [];
  const turns = createLaneTurns({
    now: () => clock.ms,
    wait: (ms) => new Promise<void>((over) => waits.push({ms, over})),
  });
  const [a, b, c] = [turns.join(), turns.join(), turns.join()];
  return {clock, waits, a, b, c};
}

/** A group from its beginning to its end. */
function take(turn: LaneTurn, ms = 1): void {
  turn.begin();
  turn.kept(ms);
  turn.end();
}

const turnOfLoop = () => new Promise((resolve) => setImmediate(resolve));

async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  void promise.then(() => {
    over = true;
  });
  await turnOfLoop();
  return over;
}

test('a tenant alone shares with nobody, however often it has its turn', () => {
  const {a, b} = setUp();
  expect(a.isShared()).toBe(false);
  for (let group = 0; group < 3; group++) take(a);
  expect(a.isShared()).toBe(false);
  expect(b.isShared()).toBe(true);
});

test('two tenants share until one of them has had no turn for a second', () => {
  const {clock, a, b} = setUp();
  take(b);
  for (let group = 0; group < 10; group++) {
    clock.ms += 99;
    take(a);
    expect(a.isShared()).toBe(true);
  }
  clock.ms += 10;
  take(a);
  expect(a.isShared()).toBe(false);
});

test('whoever had the turn before last counts, also after the one before that', () => {
  const {clock, a, b, c} = setUp();
  take(a);
  clock.ms += 600;
  take(b);
  clock.ms += 600;
  take(c);
  expect([a, b, c].map((turn) => turn.isShared())).toEqual([true, true, true]);
  clock.ms += 600;
  take(c);
  expect(c.isShared()).toBe(false);
});

test('a group is bounded only while others have changes too', () => {
  const {a, b} = setUp();
  take(a);
  expect(a.changesMax()).toBe(Infinity);
  take(b);
  expect(a.changesMax()).toBeLessThan(100);
});

test('the more a group kept the thread, the longer its tenant rests', () => {
  const {waits, a, b} = setUp();
  for (const [turn, ms] of [
    [a, 2],
    [b, 4],
  ] as const) {
    take(turn, ms);
    void turn.rest();
  }
  expect(waits.map(({ms}) => ms)).toEqual([6, 12]);
});

test('whoever is at work when a tenant has rested has its turn first', async () => {
  const {waits, a, b, c} = setUp();
  take(a);
  const rest = a.rest();
  b.begin();
  c.begin();
  waits[0]?.over();
  expect(await isOver(rest)).toBe(false);
  c.end();
  expect(await isOver(rest)).toBe(false);
  b.end();
  expect(await isOver(rest)).toBe(true);
});

test('whoever comes to work after that does not', async () => {
  const {waits, a, b, c} = setUp();
  take(a);
  const rest = a.rest();
  b.begin();
  waits[0]?.over();
  await turnOfLoop();
  c.begin();
  b.end();
  expect(await isOver(rest)).toBe(true);
});

test('a group that does not end keeps nobody for long', async () => {
  const {waits, a, b} = setUp();
  take(a);
  const rest = a.rest();
  b.begin();
  waits[0]?.over();
  await turnOfLoop();
  waits[1]?.over();
  expect(await isOver(rest)).toBe(true);
});

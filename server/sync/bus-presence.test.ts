import {expect, test} from 'vitest';
import {createBusPresence} from './bus-presence.ts';

test('a node that has listened for a second and heard nobody is alone', () => {
  const presence = createBusPresence();
  expect(presence.isAlone(60_000)).toBe(false);
  presence.listening(60_000);
  expect(presence.isAlone(60_500)).toBe(false);
  expect(presence.isAlone(61_001)).toBe(true);
});

test('it is not while another one is heard now and then', () => {
  const presence = createBusPresence();
  presence.listening(0);
  expect(presence.heard('other', 2_000)).toBe(true);
  expect(presence.heard('other', 7_000)).toBe(false);
  expect(presence.isAlone(22_000)).toBe(false);
  expect(presence.isAlone(22_001)).toBe(true);
});

test('nor while it hears nothing, and shortly after', () => {
  const presence = createBusPresence();
  presence.listening(0);
  presence.deaf();
  expect(presence.isAlone(90_000)).toBe(false);
  presence.listening(90_000);
  expect(presence.isAlone(90_900)).toBe(false);
  expect(presence.isAlone(91_001)).toBe(true);
});

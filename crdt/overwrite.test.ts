import {describe, expect, it, test} from 'vitest';
import type {WinnerRule} from './entities/entity.ts';
import {decide, effectiveStamp, type IncomingWrite} from './overwrite.ts';
import type {Write} from './write.ts';

const part = {id: 'a/1', device: 'a', user: 'ana', at: 100, eff: 100, seq: 1};
const current: Write = {...part, value: 'x', carriers: [], parts: [part], prior: null};
const latest: WinnerRule = {kind: 'latest'};
const furthest: WinnerRule = {kind: 'furthest', rank: {open: 0, busy: 1, done: 2}};

/** Of another device over Yjs, unseen and unequal, made at `eff`, unless said otherwise. */
const incoming = (eff: number, given: Partial<IncomingWrite> = {}): IncomingWrite => ({
  value: 'y',
  equal: false,
  device: 'b',
  eff,
  seen: false,
  path: 'yjs',
  ...given,
});

test('a stamp is corrected by how far the clock is off, and never in the future', () => {
  expect(effectiveStamp({at: 100, offset: 10, now: 120})).toBe(110);
  expect(effectiveStamp({at: 100, offset: -10, now: 120})).toBe(90);
  expect(effectiveStamp({at: 100, offset: 30, now: 120})).toBe(120);
});

test('what was never written takes what comes, without a conflict', () => {
  expect(decide(undefined, incoming(7), latest)).toEqual({kind: 'win', eff: 7, conflict: false});
});

describe('of two writes that had not seen each other', () => {
  it.each([
    ['the later one wins', 101, {kind: 'win', eff: 101, conflict: true}],
    ['a tie goes to the one that arrives', 100, {kind: 'win', eff: 100, conflict: true}],
    ['the earlier one loses', 99, {kind: 'lose', conflict: true}],
  ] as const)('%s, and it is a conflict', (_, eff, decision) => {
    expect(decide(current, incoming(eff), latest)).toEqual(decision);
  });

  it.each([
    ['the later one wins', 101, {kind: 'win', eff: 101, conflict: false}],
    ['a tie goes to the one that arrives', 100, {kind: 'win', eff: 100, conflict: false}],
    ['the earlier one loses', 99, {kind: 'lose', conflict: false}],
  ] as const)('by one device %s, without a conflict', (_, eff, decision) => {
    expect(decide(current, incoming(eff, {device: 'a'}), latest)).toEqual(decision);
  });

  it('equal ones join, whatever their stamps and their way in', () => {
    for (const path of ['yjs', 'json', 'late'] as const) {
      expect(decide(current, incoming(1, {equal: true, path}), latest)).toEqual({kind: 'join'});
    }
  });
});

describe('a write that had seen the current one', () => {
  it('wins without a conflict, and is at least as late', () => {
    expect(decide(current, incoming(50, {seen: true}), latest)).toEqual({
      kind: 'win',
      eff: 100,
      conflict: false,
    });
    expect(decide(current, incoming(150, {seen: true}), latest)).toMatchObject({eff: 150});
  });

  it('is none if it says the same, unless it came over Yjs', () => {
    const said = incoming(150, {seen: true, equal: true});
    expect(decide(current, {...said, path: 'json'}, latest)).toEqual({kind: 'none'});
    expect(decide(current, {...said, path: 'late'}, latest)).toEqual({kind: 'none'});
    expect(decide(current, said, latest)).toEqual({kind: 'win', eff: 150, conflict: false});
  });

  it('over JSON, is every one of the same device, but not one that is let in late', () => {
    const own = incoming(50, {device: 'a'});
    expect(decide(current, {...own, path: 'json'}, latest)).toMatchObject({kind: 'win', eff: 100});
    expect(decide(current, {...own, path: 'late'}, latest)).toEqual({kind: 'lose', conflict: false});
  });
});

describe('where what is furthest wins', () => {
  const meet = (shown: Write['value'], given: Partial<IncomingWrite>, eff: number): string =>
    decide({...current, value: shown}, incoming(eff, given), furthest).kind;

  it('it wins though it is earlier, and loses to what is further though it is later', () => {
    expect(meet('open', {value: 'done'}, 1)).toBe('win');
    expect(meet('done', {value: 'busy'}, 200)).toBe('lose');
  });

  it('of two that are equally far the later one does', () => {
    expect(meet('done', {value: 'done'}, 200)).toBe('win');
    expect(meet('done', {value: 'done'}, 1)).toBe('lose');
  });

  it('what has no rank is where all begin', () => {
    for (const value of [null, 'constructor', ['done']]) {
      expect(meet('open', {value}, 200), JSON.stringify(value)).toBe('win');
      expect(meet('open', {value}, 1), JSON.stringify(value)).toBe('lose');
      expect(meet(value, {value: 'busy'}, 1), JSON.stringify(value)).toBe('win');
    }
  });

  it('a device is not held to its own rank', () => {
    expect(meet('done', {value: 'open', device: 'a'}, 200)).toBe('win');
  });
});

import {randomUUID} from 'node:crypto';
import {expect, test} from 'vitest';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {decodeMessage, encodeMessages, type BusMessage} from './bus-message.ts';
import {POSITION_UNKNOWN} from './bus.ts';

const bytesMax = 7_900;
const newTenant = () => randomUUID() as TenantId;
const messageOf = (content: Partial<BusMessage>): BusMessage => ({
  node: 'node',
  since: 1_700_000_000_000,
  isOverflown: false,
  news: [],
  sessions: [],
  ...content,
});

test('a message reads as it was written', () => {
  const message = messageOf({
    isOverflown: true,
    news: [
      {tenantId: newTenant(), to: POSITION_UNKNOWN, accessVersion: null},
      {tenantId: newTenant(), to: 0, accessVersion: 12},
    ],
    sessions: ['sess_2abc', 'ß"\\'],
  });
  const [text, ...others] = encodeMessages(message, {bytesMax});
  expect(others).toEqual([]);
  expect(decodeMessage(text!)).toEqual(message);
});

test('nothing to say is no message', () => {
  expect(encodeMessages(messageOf({}), {bytesMax})).toEqual([]);
});

test('what does not fit in one payload goes in several, each within its bound', () => {
  const news = Array.from({length: 1_000}, (_, to) => ({tenantId: newTenant(), to, accessVersion: null}));
  const sessions = Array.from({length: 200}, (_, index) => `${'ß'.repeat(190)}${index}`);
  const texts = encodeMessages(messageOf({isOverflown: true, news, sessions}), {bytesMax});
  const sizes = texts.map((text) => Buffer.byteLength(text));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(bytesMax);
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(bytesMax - 500);
  const read = texts.map((text) => decodeMessage(text)!);
  expect(read.flatMap((message) => message.news)).toEqual(news);
  expect(read.flatMap((message) => message.sessions)).toEqual(sessions);
  expect(read.filter(({isOverflown}) => isOverflown)).toHaveLength(1);
});

test('a payload takes what fits to the byte and no more', () => {
  const message = messageOf({sessions: ['a'.repeat(100), 'b'.repeat(100)]});
  const [whole] = encodeMessages(message, {bytesMax});
  const bytes = Buffer.byteLength(whole!);
  expect(encodeMessages(message, {bytesMax: bytes})).toHaveLength(1);
  expect(encodeMessages(message, {bytesMax: bytes - 1})).toHaveLength(2);
});

test('what a later release says besides is skipped', () => {
  const tenantId = newTenant();
  const text = JSON.stringify({
    node: 'later',
    since: 1,
    more: true,
    items: [['unheard', {of: 1}], ['tenant', tenantId, 5, null], ['tenant', 'no id', 5, null], ['session']],
  });
  expect(decodeMessage(text)).toEqual({
    ...messageOf({node: 'later', since: 1, news: [{tenantId, to: 5, accessVersion: null}]}),
  });
});

test.each(['', 'null', '[]', '{', '{"node":1}', '{"node":"a","since":1,"items":[[1]]}'])(
  'no message: %s',
  (text) => {
    expect(decodeMessage(text)).toBeNull();
  },
);

// Invitation codes as people handle them.
import {expect, test} from 'vitest';
import {hashInvitationCode, makeInvitationCode} from './invitation-code.ts';

test('a code has 24 characters of base32 in groups, and no two are alike', () => {
  const codes = Array.from({length: 500}, makeInvitationCode);
  expect(codes.filter((code) => !/^[A-Z2-7]{4}(-[A-Z2-7]{4}){5}$/.test(code))).toEqual([]);
  expect(new Set(codes).size).toBe(500);
});

test('case, spaces and dashes do not matter; every character does', () => {
  const code = makeInvitationCode();
  const typed = ` ${code.toLowerCase().replaceAll('-', ' ')} `;
  expect(hashInvitationCode(typed)).toEqual(hashInvitationCode(code));
  const wrong = `${code.startsWith('A') ? 'B' : 'A'}${code.slice(1)}`;
  expect(hashInvitationCode(wrong)).not.toEqual(hashInvitationCode(code));
});

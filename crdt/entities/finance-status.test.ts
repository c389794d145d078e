import {describe, expect, it} from 'vitest';
import {
  effectiveStatus,
  financeKinds,
  financeStatuses,
  financeStatusRank,
  isBill,
  isStepBack,
  statusesOfKind,
} from './finance-status.ts';

describe('effectiveStatus', () => {
  it.each([
    ['a bill starts as a draft', {kind: 'invoice'}, 'draft'],
    ['a payment starts as pending', {kind: 'payment', status: null}, 'pending'],
    ['its own status counts', {kind: 'expense', status: 'approved'}, 'approved'],
    ['a status of another kind reads as the first', {kind: 'payment', status: 'void'}, 'pending'],
    ['a numbered bill stays issued', {kind: 'invoice', status: 'draft', number: 'INV-2026-00001'}, 'issued'],
    ['a numbered bill may be void', {kind: 'credit_note', status: 'void', number: 'CN-2026-00001'}, 'void'],
    ['a number does not issue an expense', {kind: 'expense', status: 'draft', number: 'E-1'}, 'draft'],
    ['an unknown kind is a draft', {kind: 'constructor', status: 'issued'}, 'draft'],
    ['no kind is a draft', {}, 'draft'],
  ])('%s', (_rule, fields, status) => {
    expect(effectiveStatus(fields)).toBe(status);
  });
});

it.each([
  ['a draft is issued', {status: 'draft'}, 'issued', false],
  ['a draft stays one', {status: 'draft'}, null, false],
  ['an issued bill is sent', {status: 'issued'}, 'sent', false],
  ['an issued bill is voided', {status: 'issued'}, 'void', false],
  ['an issued bill is a draft again', {status: 'issued'}, 'draft', true],
  ['an issued bill loses its status', {status: 'issued'}, null, true],
  ['an issued bill takes the status of an expense', {status: 'issued'}, 'approved', true],
  ['a sent bill was only issued', {status: 'sent'}, 'issued', true],
  ['a numbered bill that says draft stays issued', {status: 'draft', number: 'INV-2026-00001'}, null, true],
  ['an approved expense is a draft again', {kind: 'expense', status: 'approved'}, 'draft', false],
])('%s: a step back, or not', (_rule, before, status, isBack) => {
  expect(isStepBack({kind: 'invoice', ...before}, status)).toBe(isBack);
});

it('declares exactly the statuses of all kinds', () => {
  const ofKinds = financeKinds.flatMap((kind) => [...statusesOfKind[kind]]);
  expect([...new Set<string>(ofKinds)].sort()).toEqual([...financeStatuses].sort());
});

it('ranks void above everything and never lets a kind go back to its first status', () => {
  for (const kind of financeKinds) {
    const [first, ...later] = statusesOfKind[kind].map((status) => financeStatusRank[status]);
    expect(first).toBe(0);
    expect(Math.min(...later)).toBeGreaterThan(0);
  }
  expect(financeStatusRank.void).toBe(Math.max(...Object.values(financeStatusRank)));
});

it('knows bills', () => {
  expect(financeKinds.filter((kind) => isBill({kind}))).toEqual(['invoice', 'credit_note']);
});

import {expect, it} from 'vitest';
import {mutations} from './mutations.ts';
import {proveRules} from './rules-off.ts';

const RULES = 15;

// I16 of docs/reliability.md.
it('switching off any merge rule turns the model red', {timeout: 180_000}, async () => {
  const lines: string[] = [];
  const unnoticed = await proveRules(2026, (line) => lines.push(line));
  console.log(lines.join('\n'));
  expect(unnoticed).toEqual([]);
});

it('every merge rule is switched off at least once', () => {
  const rules = new Set(mutations.map(({rule}) => rule));
  expect(rules).toEqual(new Set(Array.from({length: RULES}, (_, index) => `R${index + 1}`)));
});

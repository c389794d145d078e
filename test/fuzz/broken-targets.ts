// Targets that do what none may: the proof that the fuzzer sees it. Row 0 hangs, row 1 fills the memory, row 2 throws,
// row 3 takes what breaks a rule, row 4 is left changed; the others are good.
import {demand, type Scene, type Target, type TargetOf} from './target.ts';

const accepted = {accepted: true, word: ''};
const good: Scene = {
  make: () => Uint8Array.of(1, 2, 3),
  offer: () => accepted,
  finish: () => undefined,
};

const scenes: readonly Scene[] = [
  {
    ...good,
    offer() {
      for (;;);
    },
  },
  {
    ...good,
    offer() {
      const held: unknown[] = [];
      for (;;) held.push(new Array<number>(1_000_000).fill(held.length));
    },
  },
  {
    ...good,
    offer() {
      throw new TypeError('no such member');
    },
  },
  {...good, offer: () => ({...accepted, verify: () => demand(false, 'something is left pending')})},
  {...good, finish: () => demand(false, 'the document was touched')},
];

export const targetOf: TargetOf = (row): Target => ({
  name: `row ${row}`,
  isPure: true,
  begin: () => scenes[row] ?? good,
});

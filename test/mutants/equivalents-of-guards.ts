// Mutants of the guard, and of what it asks, that are no different from the code.
import type {Equivalent} from './equivalent.ts';

/** The type checker asks for these; the bounds of the loop already say that the element is there. */
const IS_THERE = 'an index below the length has an element';

export const equivalentsOfGuards: readonly Equivalent[] = [
  {
    file: 'crdt/guard-deletes.ts',
    code: 'update.deletes.length === 0',
    mutant: 'false',
    reason: 'without deletes the loop below does nothing; only the index would be made in vain',
  },
  {file: 'crdt/guard-deletes.ts', code: 'element === undefined', mutant: 'false', reason: IS_THERE},
  {
    file: 'crdt/guard-deletes.ts',
    code: 'index < texts.length',
    mutant: 'index <= texts.length',
    reason: 'what is past the end is undefined, and ends the loop',
  },
  {
    file: 'crdt/guard-deletes.ts',
    code: 'structs === undefined',
    mutant: 'false',
    reason: 'of a client without structs nothing is known, so the range is empty',
  },
  {
    file: 'crdt/guard-deletes.ts',
    code: 'index < structs.length',
    mutant: 'index <= structs.length',
    reason: 'what is past the end is undefined, and ends the loop',
  },
  {file: 'crdt/guard-deletes.ts', code: 'struct === undefined', mutant: 'false', reason: IS_THERE},
  {
    file: 'crdt/guard.ts',
    code: 'error instanceof Refusal',
    mutant: 'true',
    reason: 'nothing else is thrown there, unless the guard itself is broken',
  },
  {
    file: 'crdt/guard-fork.ts',
    code: 'held === sent',
    mutant: 'false',
    reason: 'a shortcut: equal texts are equal at every place',
  },
  {
    file: 'crdt/guard-fork.ts',
    code: 'index < held.length',
    mutant: 'index <= held.length',
    reason: 'past the end of both there is nothing to differ',
  },
  {
    file: 'crdt/layout.ts',
    code: 'stretch === undefined',
    mutant: 'false',
    reason: 'the guard has found both neighbours before',
  },
  {file: 'crdt/by-clock.ts', code: 'span !== undefined', mutant: 'true', reason: IS_THERE},
  {file: 'crdt/guard-parents.ts', code: 'part !== undefined', mutant: 'true', reason: IS_THERE},
  {
    file: 'crdt/guard-parents.ts',
    code: 'parts.length === 0',
    mutant: 'true',
    reason: 'the same list is put where it already is',
  },
  {
    file: 'crdt/guard.ts',
    code: 'items.length > 0',
    mutant: 'true',
    reason: 'a section without new items has nothing to resolve',
  },
  {
    file: 'crdt/guard.ts',
    code: 'items.length > 0',
    mutant: 'items.length >= 0',
    reason: 'a section without new items has nothing to resolve',
  },
  {
    file: 'crdt/guard-fork.ts',
    code: "content.kind === 'deleted'",
    mutant: 'false',
    reason: 'it is never asked of deleted content: the type checker wants it',
  },
  {
    file: 'crdt/guard-fork.ts',
    code: 'range.to - item.clock',
    mutant: 'range.to + item.clock',
    reason: 'only as much as the document holds is compared',
  },
  {
    file: 'crdt/guard-fork.ts',
    code: 'sent === unstorable',
    mutant: 'false',
    reason: 'what cannot be stored was integrated as deleted, and is not compared',
  },
  ...['true', 'held !== undefined || sent !== undefined'].map((mutant) => ({
    file: 'crdt/guard-fork.ts',
    code: 'held !== undefined && sent !== undefined',
    mutant,
    reason: IS_THERE,
  })),
  {file: 'crdt/guard-fork.ts', code: 'held !== undefined', mutant: 'true', reason: IS_THERE},
  {file: 'crdt/guard-fork.ts', code: 'sent !== undefined', mutant: 'true', reason: IS_THERE},
  ...['found !== undefined && found.clock <= clock', 'found.clock <= clock'].map((code) => ({
    file: 'crdt/guard-parents.ts',
    code,
    mutant: 'true',
    reason: 'the parts of a client follow each other without a gap',
  })),
  {
    file: 'crdt/guard-parents.ts',
    code: 'neighbour.client === client && neighbour.clock >= item.clock',
    mutant: 'false',
    reason: 'it would wait for itself, which is refused alike',
  },
  {
    file: 'crdt/guard-parents.ts',
    code: "{\n      throw new Refusal('update_bad_origin', 'An item names a neighbour of its own future.');\n    }",
    mutant: '{}',
    reason: 'it would wait for itself, which is refused alike',
  },
  {
    file: 'crdt/guard-parents.ts',
    code: 'parent.entry !== found.entry',
    mutant: 'false',
    reason: 'between two entries of a map it has a right neighbour, which no map entry may have',
  },
  {
    file: 'crdt/guard-parents.ts',
    code: 'neighbour.clock >= item.clock',
    mutant: 'neighbour.clock > item.clock',
    reason: 'it would wait for itself, which is refused alike',
  },
  {
    file: 'crdt/guard-parents.ts',
    code: 'parent === null',
    mutant: 'false',
    reason: 'the parser gives every item a root or a neighbour',
  },
  {
    file: 'crdt/guard-parents.ts',
    code: 'entry?.includes',
    mutant: 'entry.includes',
    reason: 'what stands in `fields` has a key: it was asked just before',
  },
  ...[
    {code: 'before === null', mutant: 'true'},
    {
      code: 'before === null ? !isAtItsPlace(doc, text, element) : !isNext(before, element)',
      mutant: 'true',
    },
    {code: 'true', mutant: 'false', onLine: 'return true;'},
    {
      code: 'isSameId(next.origin, {client, clock: clock + length - 1}) && isSameId(next.rightOrigin, rightOrigin)',
      mutant: 'false',
    },
    {code: 'text._start?.id ?? null', mutant: 'text._start?.id && null'},
  ].map((one) => ({
    ...one,
    file: 'crdt/guard-order.ts',
    reason: 'a shortcut: laying out a text in which there can be no disorder finds none',
  })),
  ...[
    'true',
    'false',
    'origin.clock > Y.getState(doc.store, origin.client)',
    'origin.clock < Y.getState(doc.store, origin.client)',
  ].map((mutant) => ({
    file: 'crdt/guard-order.ts',
    code: 'origin.clock >= Y.getState(doc.store, origin.client)',
    mutant,
    reason: 'neighbours come first, so the first stretch of an update names only what the text has',
  })),
  ...[
    `{
  let before: TextElement | null = null;
  for (const element of elements) {
    if (before === null ? !isAtItsPlace(doc, text, element) : !isNext(before, element)) return false;
    before = element;
  }
  return true;
}`,
    `{
  if (origin === null) return isSameId(rightOrigin, text._start?.id ?? null);
  if (origin.clock >= Y.getState(doc.store, origin.client)) return false;
  const left = Y.getItem(doc.store, Y.createID(origin.client, origin.clock));
  const isLast = origin.clock === left.id.clock + left.length - 1;
  const right = isLast ? (left.right?.id ?? null) : {client: origin.client, clock: origin.clock + 1};
  return isSameId(rightOrigin, right);
}`,
  ].map((code) => ({
    file: 'crdt/guard-order.ts',
    code,
    mutant: '{}',
    reason: 'a shortcut: laying out a text in which there can be no disorder finds none',
  })),
  {
    file: 'crdt/guard-order.ts',
    code: 'clock + length - 1',
    mutant: 'clock + length + 1',
    reason: 'a shortcut that is never taken then: no stretch names what its client writes after it',
  },
  {
    file: 'crdt/layout.ts',
    code: 'origin === undefined',
    mutant: 'false',
    reason: 'the type checker wants it: nothing that is missing was ever passed',
  },
  {
    file: 'crdt/guard-fork.ts',
    code: 'rootOfItem(entity, doc, held)?.name',
    mutant: 'rootOfItem(entity, doc, held).name',
    reason: 'what the document holds stands in a declared root',
  },
  {
    file: 'crdt/guard-order.ts',
    code: 'isOneRow(doc, text, texts)',
    mutant: 'false',
    reason: 'a shortcut: laying out a text in which there can be no disorder finds none',
  },
  {
    file: 'crdt/layout.ts',
    code: 'other !== null',
    mutant: 'true',
    reason: 'the text ends at the right neighbour, or at null where there is none',
  },
];

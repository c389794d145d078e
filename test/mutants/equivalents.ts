// Mutants that are no different from the code, and why no test could notice them.

export interface Equivalent {
  readonly file: string;
  /** What is changed, to the letter. */
  readonly code: string;
  readonly mutant: string;
  /** Absent: wherever the code stands in the file. Else only on lines that hold this. */
  readonly onLine?: string;
  readonly reason: string;
}

/** The type checker asks for these; the bounds of the loop already say that the element is there. */
const IS_THERE = 'an index below the length has an element';

export const equivalents: readonly Equivalent[] = [
  {file: 'crdt/overwrite.ts', code: 'ahead > 0', mutant: 'ahead >= 0', reason: 'it is not 0 there'},
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
    file: 'crdt/apply-update.ts',
    code: '!known.has(client)',
    mutant: 'true',
    reason: 'the state is read before anything is integrated, so it is the same each time',
  },
  {
    file: 'crdt/apply-update.ts',
    code: 'judgement.refusedDeletes.length > 0',
    mutant: 'true',
    reason: 'undoing no deletes does nothing',
  },
  {
    file: 'crdt/apply-update.ts',
    code: 'judgement.refusedDeletes.length > 0',
    mutant: 'judgement.refusedDeletes.length >= 0',
    reason: 'undoing no deletes does nothing',
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
    'doc.store.pendingStructs !== null || doc.store.pendingDs !== null',
    'doc.store.pendingStructs !== null',
    'doc.store.pendingDs !== null',
  ].map((code) => ({
    file: 'crdt/apply-update.ts',
    code,
    mutant: 'false',
    reason: 'an assertion: what the guard admits, Yjs integrates, so it never holds',
  })),
  {
    file: 'crdt/apply-update.ts',
    code: 'doc.store.pendingStructs !== null || doc.store.pendingDs !== null',
    mutant: 'doc.store.pendingStructs !== null && doc.store.pendingDs !== null',
    reason: 'an assertion: what the guard admits, Yjs integrates, so it never holds',
  },
  {
    file: 'crdt/apply-update.ts',
    code: `{
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new Error('The guard admitted an update that Yjs could not integrate.');
  }
}`,
    mutant: '{}',
    reason: 'an assertion: what the guard admits, Yjs integrates, so it never holds',
  },
  {
    file: 'crdt/creation.ts',
    code: 'judged?.ok !== true',
    mutant: 'false',
    reason: 'what was refused has no value, and a field without one counts as absent',
  },
  {
    file: 'crdt/creation.ts',
    code: 'judged?.ok',
    mutant: 'judged.ok',
    reason: 'every write of an update was judged',
  },
  {
    file: 'crdt/creation.ts',
    code: "element.kind !== 'map'",
    mutant: 'false',
    reason: 'the type checker wants it: the root of a text is never `fields`',
  },
  ...['before === undefined', 'several.size === 0'].map((code) => ({
    file: 'crdt/creation.ts',
    code,
    mutant: 'false',
    reason: 'a shortcut: of a field that was written once, Yjs shows that write',
  })),
  {
    file: 'crdt/creation.ts',
    code: 'head === undefined',
    mutant: 'false',
    reason: 'the trial document holds every write',
  },
  {
    file: 'crdt/creation.ts',
    code: 'tip !== null',
    mutant: 'true',
    reason: 'the trial document holds every write',
  },
  {
    file: 'crdt/apply-update.ts',
    code: 'admitted.elements.length + admitted.textDeletes.length + admitted.mapDeletes.length === 0',
    mutant: 'false',
    reason: 'a shortcut: integrating nothing leaves everything as it is',
  },
  ...['item === null', "typeof item !== 'object'", "item === null || typeof item !== 'object'"].map(
    (code) => ({
      file: 'crdt/apply-restore.ts',
      code,
      mutant: 'false',
      reason: 'what is no object is refused by its schema, with or without a member `id`',
    }),
  ),
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
  {
    file: 'crdt/guard-order.ts',
    code: 'clock + length - 1',
    mutant: 'clock + length + 1',
    reason: 'a shortcut that is never taken then: no stretch names what its client writes after it',
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
  {
    file: 'crdt/apply-update.ts',
    code: "{\n    return untouched('unchanged');\n  }",
    mutant: '{}',
    reason: 'a shortcut: integrating nothing leaves everything as it is',
  },
  {
    file: 'crdt/apply-restore.ts',
    code: 'read.ok',
    mutant: 'true',
    reason: 'what was not read was answered a line before',
  },
  {
    file: 'crdt/apply-restore.ts',
    code: "field.kind === 'register'",
    mutant: 'true',
    reason: 'the type checker wants it: nothing else is ever required',
  },
  {
    file: 'crdt/apply-restore.ts',
    code: "field?.kind === 'register'",
    mutant: 'true',
    reason: 'the type checker wants it: nothing else is ever fixed',
  },
  {
    file: 'crdt/apply-restore.ts',
    code: 'field?.kind',
    mutant: 'field.kind',
    reason: 'a value that was read has a field',
  },
  {
    file: 'crdt/apply-restore.ts',
    code: 'current !== null',
    mutant: 'true',
    reason: 'the one field that is fixed is required, so it has a value',
  },
  {
    file: 'crdt/apply-json.ts',
    code: 'deletedAtOf(record) !== null',
    mutant: 'true',
    reason: 'what this change itself deleted was deleted by its author, whose edits bring nothing back',
  },
  {
    file: 'crdt/apply-json.ts',
    code: 'edit.key !== edit.field',
    mutant: 'true',
    reason: 'a field without members has no keys below it, so one more always fits',
  },
  {
    file: 'crdt/apply-values.ts',
    code: 'false',
    mutant: 'true',
    onLine: 'sensitive: false',
    reason: 'what a text may be does not depend on whether it is sealed',
  },
  ...[
    {
      code: "item === null || typeof item !== 'object' || Array.isArray(item)",
      mutant: "(item === null || typeof item !== 'object') && Array.isArray(item)",
    },
    {code: "item === null || typeof item !== 'object' || Array.isArray(item)", mutant: 'false'},
    {
      code: "item === null || typeof item !== 'object'",
      mutant: "item === null && typeof item !== 'object'",
    },
  ].map((one) => ({
    ...one,
    file: 'crdt/apply-restore.ts',
    reason: 'what is no object is refused by its schema, with or without a member `id`',
  })),
];

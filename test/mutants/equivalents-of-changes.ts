// Mutants of what decides and applies a change that are no different from the code.
import type {Equivalent} from './equivalent.ts';

export const equivalentsOfChanges: readonly Equivalent[] = [
  {file: 'crdt/overwrite.ts', code: 'ahead > 0', mutant: 'ahead >= 0', reason: 'it is not 0 there'},
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

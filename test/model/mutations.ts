// Each merge rule switched off, as a change of one place in `crdt/`. The code to change must occur exactly
// once, so that a rule that moves is noticed here.

export interface Mutation {
  readonly rule: string;
  readonly what: string;
  /** Relative to `crdt/`. Absent: a rule that the lane keeps, not the core. */
  readonly file?: string;
  readonly find?: string;
  readonly replace?: string;
}

export const mutations: readonly Mutation[] = [
  {
    rule: 'R1',
    what: 'known clocks count as new',
    file: 'guard.ts',
    find: 'const known = Y.getState(doc.store, section.client);',
    replace: 'const known = section.structs[0]?.clock ?? 0;',
  },
  {
    rule: 'R2',
    what: 'the tip is the item of the highest clock',
    file: 'tip.ts',
    find: '  for (let item: Y.Item | null = head; item !== null; item = item.left) {',
    replace: `  const last = elements.reduce((a, b) => (b.clock > a.clock ? b : a));
  const lastId = {client: last.client, clock: last.clock + last.length - 1};
  if (elements.length > 1) return {element: last, id: lastId, isHead: head.lastId.clock === lastId.clock};
  for (let item: Y.Item | null = head; item !== null; item = item.left) {`,
  },
  {
    rule: 'R3',
    what: 'the base is the origin of the tip alone',
    file: 'tip.ts',
    find: 'if (link === undefined) return {elements: chain, base: origin};',
    replace: 'if (link === undefined || chain.length > 0) return {elements: chain, base: origin};',
  },
  {
    rule: 'R4',
    what: 'only the newest carrier counts as shown',
    file: 'settle-update.ts',
    find: 'seen: current === undefined || hasCarrier(current.carriers, met.base),',
    replace: 'seen: current === undefined || hasCarrier(current.carriers.slice(-1), met.base),',
  },
  {
    rule: 'R4',
    what: 'everything counts as seen',
    file: 'settle-update.ts',
    find: 'seen: current === undefined || hasCarrier(current.carriers, met.base),',
    replace: 'seen: true,',
  },
  {
    rule: 'R5',
    what: 'a device conflicts with itself',
    file: 'overwrite.ts',
    find: 'const own = isWriter(current, incoming.device);',
    replace: 'const own = false;',
  },
  {
    rule: 'R6',
    what: 'a clock ahead of the server is believed',
    file: 'overwrite.ts',
    find: 'Math.min(clock.at + clock.offset, clock.now)',
    replace: 'clock.at + clock.offset',
  },
  {
    rule: 'R6',
    what: 'what was seen may be later than what replaced it',
    file: 'overwrite.ts',
    find: 'eff: Math.max(incoming.eff, current.eff)',
    replace: 'eff: incoming.eff',
  },
  {
    rule: 'R6',
    what: 'only the tip is stamped, not its chain',
    file: 'settle-update.ts',
    find: 'const stamps = chain.elements.map(',
    replace: 'const stamps = chain.elements.slice(0, 1).map(',
  },
  {
    rule: 'R7',
    what: 'a tie goes to the current write',
    file: 'overwrite.ts',
    find: '  return incoming.eff >= current.eff;',
    replace: '  return incoming.eff > current.eff;',
  },
  {
    rule: 'R7',
    what: 'ranks do not count',
    file: 'overwrite.ts',
    find: "if (rule.kind === 'furthest') {",
    replace: "if (rule.kind === 'furthest' && incoming.device === '') {",
  },
  {
    rule: 'R7',
    what: 'a frozen field changes',
    file: 'merge.ts',
    find: 'if (current !== undefined && isFrozen(merge, field, {current, value: tip.value})) {',
    replace:
      "if (current !== undefined && field === '' && isFrozen(merge, field, {current, value: tip.value})) {",
  },
  {
    rule: 'R7',
    what: 'a bill goes back',
    file: 'merge.ts',
    find: 'return frozen.has(field) || (created !== null && entity.keeps?.(before(), field, value) === true);',
    replace: 'return frozen.has(field);',
  },
  {
    rule: 'R8',
    what: 'equal writes overwrite each other',
    file: 'overwrite.ts',
    find: "if (equal && !seen) return {kind: 'join'};",
    replace: '',
  },
  {
    rule: 'R8',
    what: 'JSON that repeats what it saw counts as a write',
    file: 'overwrite.ts',
    find: "if (equal && incoming.path !== 'yjs' && seen) return {kind: 'none'};",
    replace: '',
  },
  {
    rule: 'R8',
    what: 'a joined write moves in the feed',
    file: 'merge.ts',
    find: 'eff: Math.max(current.eff, tip.eff),',
    replace: 'eff: Math.max(current.eff, tip.eff), seq: tip.seq,',
  },
  {
    rule: 'R8',
    what: 'a joined writer is forgotten',
    file: 'merge.ts',
    find: 'parts: [...current.parts, partOf(tip)],',
    replace: 'parts: current.parts,',
  },
  {
    rule: 'R9',
    what: 'a loser is not logged',
    file: 'overwrite.ts',
    find: "{kind: 'lose', conflict: !own}",
    replace: "{kind: 'lose', conflict: false}",
  },
  {
    rule: 'R9',
    what: 'a seen overwrite is logged',
    file: 'overwrite.ts',
    find: 'eff: Math.max(incoming.eff, current.eff), conflict: false}',
    replace: 'eff: Math.max(incoming.eff, current.eff), conflict: !own}',
  },
  {
    rule: 'R10',
    what: 'the winner is not restated',
    file: 'settle-update.ts',
    find: 'if (head === undefined || head.deleted || !hasCarrier(write.carriers, head.lastId)) restate(record, key);',
    replace: 'void head;',
  },
  {
    rule: 'R10',
    what: 'a restatement does not carry the write',
    file: 'merge.ts',
    find: 'record.writes.set(key, {...write, carriers: withCarrier(write.carriers, carrier)});\n  record.unsettled.add(key);',
    replace: 'void carrier;',
  },
  {
    rule: 'R10',
    what: 'a restatement moves the write in the feed',
    file: 'merge.ts',
    find: 'record.writes.set(key, {...write, carriers: withCarrier(write.carriers, carrier)});\n  record.unsettled.add(key);',
    replace:
      'record.writes.set(key, {...write, seq: 2 ** 50 + 1, carriers: withCarrier(write.carriers, carrier)});\n  record.unsettled.add(key);',
  },
  {
    rule: 'R11',
    what: 'a JSON write has seen everything',
    file: 'apply-json.ts',
    find: 'seen: current === undefined || current.seq <= upTo,',
    replace: 'seen: true,',
  },
  {
    rule: 'R11',
    what: 'one base stands for every field',
    file: 'json-reading.ts',
    find: 'return Object.hasOwn(base.seqs, field) ? (base.seqs[field] ?? base.fallback) : base.fallback;',
    replace: 'return Math.max(...Object.values(base.seqs));',
  },
  {
    rule: 'R11',
    what: 'a list overwrites entries its author never touched',
    file: 'apply-json.ts',
    find: 'if (edit.isListed === true && current',
    replace: 'if (edit.isListed === undefined && edit.isListed && current',
  },
  {rule: 'R12', what: 'a repeated JSON change is applied again'},
  {
    rule: 'R13',
    what: 'a delete has seen everything',
    file: 'deletion.ts',
    find: 'part.device === SERVER_DEVICE || hasSeen(part)',
    replace: 'true',
  },
  {
    rule: 'R13',
    what: 'a delete looks at whole writes, not at their parts',
    file: 'deletion.ts',
    find: 'for (const part of write.parts) add(key, part, write.value);',
    replace: 'add(key, write, write.value);',
  },
  {
    rule: 'R13',
    what: 'texts do not speak against a delete',
    file: 'deletion.ts',
    find: "if (write.kind === 'insert') add(write.field, write, null);",
    replace: '',
  },
  {
    rule: 'R14',
    what: 'an edit of a deleted record is only an edit',
    file: 'deletion.ts',
    find: 'if (latest === null) return;',
    replace: 'return;',
  },
  {
    rule: 'R14',
    what: 'who deleted a record restores it by editing',
    file: 'deletion.ts',
    find: 'if (isWriter(deleted, context.actor.deviceId)) return;',
    replace: '',
  },
  {
    rule: 'R14',
    what: 'a JSON edit is taken not to know of the delete it saw',
    file: 'deletion.ts',
    find: ' || hasSeenDelete) return;',
    replace: ') return;',
  },
  {
    rule: 'R15',
    what: 'a refused value stands',
    file: 'settle-update.ts',
    find: 'if (judged?.ok === false) {',
    replace: 'if (judged?.ok === false && isHead && !isHead) {',
  },
  {
    rule: 'R15',
    what: 'a record begins with any value that its update wrote',
    file: 'creation.ts',
    find: `  for (const [name, element] of lastWrites(record, taken)) {
    const judged = judgement.values.get(element);
    if (judged?.ok !== true || admitted.deletedNew.some((range) => isWithin(element, range))) continue;`,
    replace: `  for (const [element, judged] of judgement.values) {
    const name = element.entry;
    if (judged?.ok !== true || element.root.kind !== 'fields') continue;`,
  },
  {
    rule: 'R15',
    what: 'a record begins with a value that its update deletes',
    file: 'creation.ts',
    find: 'if (judged?.ok !== true || admitted.deletedNew.some((range) => isWithin(element, range))) continue;',
    replace: 'if (judged?.ok !== true) continue;',
  },
  {
    rule: 'R15',
    what: 'a refused value stays shown',
    file: 'apply-update.ts',
    find: '(element) => judgement.refused.has(element),',
    replace: '() => false,',
  },
];

// Every attack of the catalogue against a record in memory: what comes of it, what is left of it, and that
// both sides can go on working afterwards. Attacks that need a socket are tested where there is one.
import {describe, expect, it} from 'vitest';
import {
  contextOf,
  declaredRoots,
  edit,
  openArena,
  send,
  snapshotOf,
  soundnessOf,
  type Arena,
  type Verdict,
} from './arena.ts';
import {attacks, type Attack, type Expected} from './catalogue.ts';

/** Far above what any of them takes, far below what they took of plain Yjs. */
const WATCHDOG_MS = 2_000;

function run(attack: Attack): {arena: Arena; verdict: Verdict; before: unknown; ms: number} {
  const arena = openArena(attack.role);
  const bytes = attack.build(contextOf(arena));
  const before = snapshotOf(arena);
  const start = performance.now();
  const verdict = send(arena, arena.attacker, bytes);
  return {arena, verdict, before, ms: performance.now() - start};
}

function expectOutcome(verdict: Verdict, expected: Expected): void {
  if (expected.kind === 'need') {
    expect(verdict).toEqual({kind: 'need'});
    return;
  }
  if (expected.kind === 'refused') {
    if (verdict.kind === 'unparsed') {
      expect(expected.codes).toContain(verdict.code);
      return;
    }
    expect(verdict).toMatchObject({
      kind: 'done',
      status: 'rejected',
      refused: [],
      delta: null,
      changed: false,
    });
    expect(expected.codes).toContain(verdict.kind === 'done' ? verdict.error?.code : verdict.kind);
    return;
  }
  if (expected.kind === 'field-refused') {
    const {field, code} = expected;
    expect(verdict).toMatchObject({kind: 'done', status: 'rejected', error: {code}});
    expect(verdict.kind === 'done' && verdict.refused).toContainEqual({field, code});
    return;
  }
  expect(verdict).toMatchObject({
    kind: 'done',
    status: expected.kind === 'unchanged' ? 'unchanged' : 'applied',
    refused: expected.kind === 'merged-in-part' ? [{field: expected.field, code: expected.code}] : [],
  });
}

const untouched = ({role}: Attack): unknown => soundnessOf(openArena(role)).remembered;

function expectSound(arena: Arena): void {
  const sound = soundnessOf(arena);
  expect(sound.pending).toBe(false);
  expect(sound.roots).toEqual(declaredRoots);
  expect(sound.shown).toEqual(sound.remembered);
  expect(sound.reloaded).toEqual(sound.remembered);
}

describe.each(attacks)('$id $name', (attack) => {
  it(`is answered with ${JSON.stringify(attack.expected)}`, () => {
    const {verdict, ms} = run(attack);
    expectOutcome(verdict, attack.expected);
    expect(ms).toBeLessThan(WATCHDOG_MS);
  });

  it('leaves nothing behind that it should not', () => {
    const {arena, before} = run(attack);
    expectSound(arena);
    const {expected} = attack;
    const {remembered} = soundnessOf(arena);
    if (expected.kind === 'merged') expect(remembered).toMatchObject(expected.reads ?? {});
    else if (expected.kind === 'field-refused') expect(remembered).toEqual(untouched(attack));
    else if (expected.kind !== 'merged-in-part') expect(snapshotOf(arena)).toEqual(before);
  });

  it('blocks nobody', () => {
    const {arena} = run(attack);
    const victim = edit(arena, arena.victim, (doc) => {
      doc.getMap('fields').set('displayName', [arena.now, 'Ada Lovelace']);
      doc.getText('text:notes').insert(0, 'Call first. ');
    });
    expect(victim).toMatchObject({kind: 'done', status: 'applied', refused: []});
    const attacker = edit(arena, arena.attacker, (doc) => {
      const notes = doc.getText('text:notes');
      notes.insert(notes.length, ' Sorry.');
    });
    expect(attacker).toMatchObject({kind: 'done', status: 'applied', refused: []});
    const {remembered} = soundnessOf(arena);
    expect(remembered['displayName']).toBe('Ada Lovelace');
    expect(remembered['notes']).toMatch(/^Call first\. .* Sorry\.$/);
    expectSound(arena);
  });
});

describe('the catalogue', () => {
  it('has every attack on the update path', () => {
    const elsewhere = new Set(['A32', 'A33']);
    const all = Array.from({length: 35}, (_, index) => `A${index + 1}`).filter((id) => !elsewhere.has(id));
    expect([...new Set(attacks.map(({id}) => id))].sort()).toEqual(all.sort());
  });

  it('names each attack once', () => {
    const names = attacks.map(({id, name}) => `${id} ${name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

// What is known to bite whoever merges Yjs documents under rules of their own: each a story of its own.
import * as Y from 'yjs';
import {describe, expect, it} from 'vitest';
import {CARRIERS_MAX, SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {craftUpdate, item, values} from '#test/support/update-writer.ts';
import {
  begin,
  conflictsOf,
  createPen,
  fieldOf,
  isDeleted,
  merge,
  mergeCaptured,
  NOON,
  push,
  send,
  shownBy,
  spread,
  write,
  type Pen,
  type Scene,
} from './scene.ts';

const HOUR = 3_600_000;

/** Ann and Ben have the task; Ben's write to its title is on the server, and Ann's is not sent yet. */
function meanwhile(options: {gc?: boolean} = {}): {ann: Pen; ben: Pen; scene: Scene} {
  const ann = createPen('ann', 100, options);
  const ben = createPen('ben', 900);
  const scene = begin(ann, ben);
  write(ann, 'title', 'by Ann', NOON - HOUR);
  write(ben, 'title', 'by Ben', NOON);
  mergeCaptured(scene, ben);
  return {ann, ben, scene};
}

describe('a device that integrates a foreign write before its own is acknowledged', () => {
  it('collects its own value, so a later difference of its document cannot be logged', () => {
    const {ann, ben, scene} = meanwhile();
    const known = Y.encodeStateVector(scene.record.doc);
    spread(scene, ann);
    const outcome = merge(scene, ann, Y.encodeStateAsUpdate(ann.doc, known));
    expect(outcome).toMatchObject({valuesLost: 1, conflicts: []});
    spread(scene, ann, ben);
    expect([fieldOf(scene, 'title'), shownBy(ann, 'title'), shownBy(ben, 'title')]).toEqual(
      Array(3).fill('by Ben'),
    );
  });

  it('loses nothing if it sends the bytes captured at the write', () => {
    const {ann, scene} = meanwhile();
    spread(scene, ann);
    expect(conflictsOf(mergeCaptured(scene, ann))).toEqual(['"by Ben" over "by Ann"']);
  });

  it('loses nothing if it does not collect', () => {
    const {ann, scene} = meanwhile({gc: false});
    const known = Y.encodeStateVector(scene.record.doc);
    spread(scene, ann);
    const outcome = merge(scene, ann, Y.encodeStateAsUpdate(ann.doc, known));
    expect(outcome.valuesLost).toBe(0);
    expect(conflictsOf(outcome)).toEqual(['"by Ben" over "by Ann"']);
  });
});

describe('honest outboxes', () => {
  it('may skip what was acknowledged in between', () => {
    const ann = createPen('ann', 100);
    const scene = begin(ann);
    write(ann, 'priority', 'low', NOON + 1);
    write(ann, 'priority', 'high', NOON + 2);
    write(ann, 'priority', 'urgent', NOON + 3);
    const [first, second, third] = ann.captured as [Uint8Array, Uint8Array, Uint8Array];
    merge(scene, ann, first);
    merge(scene, ann, second);
    const outcome = merge(scene, ann, Y.mergeUpdates([first, third]));
    expect(outcome.conflicts).toEqual([]);
    expect(fieldOf(scene, 'priority')).toBe('urgent');
  });

  it('are asked for what they skip if the server lacks it', () => {
    const ann = createPen('ann', 100);
    const scene = begin(ann);
    write(ann, 'priority', 'low', NOON + 1);
    write(ann, 'cancelReason', 'rain', NOON + 2);
    write(ann, 'priority', 'high', NOON + 3);
    const [first, , third] = ann.captured as [Uint8Array, Uint8Array, Uint8Array];
    expect(send(scene, ann, Y.mergeUpdates([first, third])).kind).toBe('need');
    expect(fieldOf(scene, 'priority')).toBeNull();
    expect(mergeCaptured(scene, ann).conflicts).toEqual([]);
    expect(fieldOf(scene, 'priority')).toBe('high');
  });

  it('hold a run of values of one key as one struct if the device does not collect', () => {
    const ann = createPen('ann', 100, {gc: false});
    const ben = createPen('ben', 900);
    const scene = begin(ann, ben);
    for (const [index, value] of ['low', 'normal', 'high'].entries()) {
      write(ann, 'priority', value, NOON + index);
    }
    write(ben, 'priority', 'urgent', NOON + 10);
    mergeCaptured(scene, ben);
    spread(scene, ann);
    const outcome = merge(scene, ann, Y.encodeStateAsUpdate(ann.doc, Y.encodeStateVector(ben.doc)));
    expect(conflictsOf(outcome)).toEqual(['"urgent" over "high"']);
  });

  it('may overlap what the server has', () => {
    const ann = createPen('ann', 100, {gc: false});
    const scene = begin(ann);
    ann.doc.getText('text:notes').insert(0, 'Bring ');
    mergeCaptured(scene, ann);
    ann.doc.getText('text:notes').insert(6, 'ladder');
    const whole = Y.encodeStateAsUpdate(ann.doc);
    expect(merge(scene, ann, whole).status).toBe('applied');
    expect(fieldOf(scene, 'notes')).toBe('Bring ladder');
    expect(merge(scene, ann, whole)).toMatchObject({status: 'unchanged', changed: false, delta: null});
  });
});

it('known structs are left out before Yjs decodes them: a root they name is not made', () => {
  const ann = createPen('ann', 100);
  const scene = begin(ann);
  // The first struct of client 100 is known; only its root is another.
  const structs = [
    item({root: 'evil', key: 'title'}, values([NOON, 'New task'])),
    item({root: 'fields', key: 'priority'}, values([NOON + 1, 'high'])),
  ];
  const bytes = craftUpdate([{client: 100, clock: 0, structs}]);
  const outcome = send(scene, ann, bytes);
  expect(scene.record.doc.share.has('evil')).toBe(false);
  expect(scene.record.doc.store.pendingStructs).toBeNull();
  expect(outcome.kind).toBe('done');
});

it('restating in the same transaction does not make the server mint client ids for ever', () => {
  const ann = createPen('ann', 100);
  const ben = createPen('ben', 900);
  const scene = begin(ann, ben);
  for (let round = 0; round < 20; round++) {
    write(ann, 'title', `Ann ${round}`, NOON - HOUR + round);
    write(ben, 'title', `Ben ${round}`, NOON + round);
    mergeCaptured(scene, ann);
    mergeCaptured(scene, ben);
    spread(scene, ann, ben);
  }
  const servers = [...scene.record.doc.store.clients.keys()].filter((id) => id >= SERVER_CLIENT_ID_MIN);
  expect(servers.length).toBeLessThanOrEqual(1);
  expect(scene.record.doc.clientID).toBe(SERVER_CLIENT_ID_MIN);
});

describe('deletes', () => {
  it('a range over text and map items deletes the text and only that', () => {
    const ann = createPen('ann', 100, {gc: false});
    const ben = createPen('ben', 900);
    const scene = begin(ann, ben);
    ann.doc.transact(() => {
      ann.doc.getText('text:notes').insert(0, 'abc');
      write(ann, 'priority', 'low', NOON + 1);
    });
    mergeCaptured(scene, ann);
    ann.doc.transact(() => {
      ann.doc.getText('text:notes').delete(0, 3);
      write(ann, 'priority', 'high', NOON + 2);
    });
    const [bytes] = ann.captured.splice(0) as [Uint8Array];
    const ranges = Y.decodeUpdate(bytes).ds.clients.get(100) ?? [];
    expect(ranges.map(({len}) => len)).toEqual([4]);
    merge(scene, ann, bytes);
    expect([fieldOf(scene, 'notes'), fieldOf(scene, 'priority')]).toEqual(['', 'high']);
    spread(scene, ben);
    expect([ben.doc.getText('text:notes').toJSON(), shownBy(ben, 'priority')]).toEqual(['', 'high']);
  });

  it('a stock map delete counts as writing null, and everyone sees it', () => {
    const ann = createPen('ann', 100);
    const ben = createPen('ben', 900);
    const scene = begin(ann, ben);
    write(ann, 'priority', 'low', NOON + 1);
    mergeCaptured(scene, ann);
    spread(scene, ann, ben);
    ben.doc.getMap('fields').delete('priority');
    expect(mergeCaptured(scene, ben).conflicts).toEqual([]);
    spread(scene, ann, ben);
    expect([fieldOf(scene, 'priority'), shownBy(ann, 'priority'), shownBy(ben, 'priority')]).toEqual(
      Array(3).fill(null),
    );
  });

  it('a stock map delete of a required field is refused, and the value comes back', () => {
    const ann = createPen('ann', 100);
    const scene = begin(ann);
    ann.doc.getMap('fields').delete('title');
    const outcome = mergeCaptured(scene, ann);
    expect(outcome.refused).toEqual([{field: 'title', code: 'required_field'}]);
    spread(scene, ann);
    expect(shownBy(ann, 'title')).toBe('New task');
  });

  it('a map delete of what was overwritten meanwhile has no effect', () => {
    const {ben, scene} = meanwhile();
    const late = createPen('late', 300);
    Y.applyUpdate(late.doc, Y.encodeStateAsUpdate(ben.doc), 'server');
    late.doc.getMap('fields').delete('title');
    write(ben, 'title', 'again', NOON + 5);
    mergeCaptured(scene, ben);
    expect(mergeCaptured(scene, late)).toMatchObject({status: 'unchanged', changed: false});
    expect(fieldOf(scene, 'title')).toBe('again');
  });
});

describe('client ids', () => {
  it('used for other writes before is refused before any write', () => {
    const ann = createPen('ann', 100);
    const scene = begin(ann);
    // The backup of a phone, started again under its old client id.
    const clone = createPen('ann', 100);
    write(clone, 'title', 'Another start', NOON + 1);
    write(clone, 'priority', 'high', NOON + 2);
    const before = Y.encodeStateAsUpdate(scene.record.doc);
    expect(send(scene, clone, Y.mergeUpdates(clone.captured))).toMatchObject({
      kind: 'done',
      status: 'rejected',
      error: {code: 'client_taken'},
    });
    expect(Y.encodeStateAsUpdate(scene.record.doc)).toEqual(before);
  });

  it('of another device are refused', () => {
    const ann = createPen('ann', 100);
    const scene = begin(ann);
    write(ann, 'priority', 'low', NOON + 1);
    const [bytes] = ann.captured as [Uint8Array];
    expect(send(scene, {device: 'ben', clients: new Set([900])}, bytes)).toMatchObject({
      status: 'rejected',
      error: {code: 'update_foreign_client'},
    });
  });

  it('of the server are reserved, whoever is said to own them', () => {
    const ann = createPen('ann', 100);
    const scene = begin(ann);
    const forger = createPen('forger', SERVER_CLIENT_ID_MIN);
    spread(scene, forger);
    write(forger, 'priority', 'low', NOON + 1);
    const outcome = send(scene, forger, Y.mergeUpdates(forger.captured));
    expect(outcome).toMatchObject({status: 'rejected', error: {code: 'update_foreign_client'}});
  });
});

describe('order of arrival', () => {
  const three = (order: readonly number[]): string[] => {
    const pens = [createPen('ann', 100), createPen('ben', 900), createPen('cas', 500)];
    const scene = begin(pens[0]!, ...pens.slice(1));
    for (const [index, pen] of pens.entries()) write(pen, 'title', pen.device, NOON + 1 + index);
    return order.flatMap((index) => conflictsOf(mergeCaptured(scene, pens[index]!)));
  };

  it.each([[[0, 1, 2]], [[0, 2, 1]], [[1, 0, 2]], [[1, 2, 0]], [[2, 0, 1]], [[2, 1, 0]]])(
    'three concurrent writes give two conflicts with the same losers: %j',
    (order) => {
      const conflicts = three(order);
      expect(conflicts.map((conflict) => conflict.split(' over ')[1]).sort()).toEqual(['"ann"', '"ben"']);
    },
  );

  it('two writes of one device sent apart meet the other twice, sent together once', () => {
    const logged = [true, false].map((isApart) => {
      const {ann, scene} = meanwhile();
      write(ann, 'title', 'by Ann again', NOON - HOUR + 1);
      const sent = isApart ? ann.captured : [Y.mergeUpdates(ann.captured)];
      return sent.flatMap((bytes) => conflictsOf(merge(scene, ann, bytes)));
    });
    expect(logged).toEqual([
      ['"by Ben" over "by Ann"', '"by Ben" over "by Ann again"'],
      ['"by Ben" over "by Ann again"'],
    ]);
  });

  it('decides a tie: the later arrival wins', () => {
    const winners = [
      [0, 1],
      [1, 0],
    ].map((order) => {
      const pens = [createPen('ann', 100), createPen('ben', 900)];
      const scene = begin(pens[0]!, pens[1]!);
      for (const pen of pens) write(pen, 'title', pen.device, NOON + 1);
      for (const index of order) mergeCaptured(scene, pens[index]!);
      return fieldOf(scene, 'title');
    });
    expect(winners).toEqual(['ben', 'ann']);
  });

  it('decides between clamped stamps: no clock wins the future', () => {
    const ann = createPen('ann', 100);
    const ben = createPen('ben', 900);
    const scene = begin(ann, ben);
    write(ann, 'title', 'from tomorrow', NOON + 24 * HOUR);
    write(ben, 'title', 'from next week', NOON + 168 * HOUR);
    mergeCaptured(scene, ben);
    mergeCaptured(scene, ann);
    expect(fieldOf(scene, 'title')).toBe('from tomorrow');
    write(ben, 'title', 'now', scene.now + 1_000);
    mergeCaptured(scene, ben);
    expect(fieldOf(scene, 'title')).toBe('now');
  });
});

describe('what a device claims', () => {
  it('to have seen hides its overwrite: conflicts are exact for honest devices only', () => {
    const {scene} = meanwhile();
    const pretender = push(scene, 'pretender', {
      payload: {title: 'mine'},
      at: NOON + 1,
      base: {kind: 'cursor', seq: scene.seq},
    });
    expect(pretender.conflicts).toEqual([]);
    const honest = push(scene, 'honest', {
      payload: {title: 'ours'},
      at: NOON + 2,
      base: {kind: 'cursor', seq: 1},
    });
    expect(conflictsOf(honest)).toEqual(['"ours" over "mine"']);
  });

  it('hides what two apps under one device id overwrite of each other', () => {
    const app = createPen('ann', 100);
    const other = createPen('ann', 900);
    const scene = begin(app, other);
    write(app, 'title', 'app', NOON + 1);
    write(other, 'title', 'other', NOON + 2);
    expect(mergeCaptured(scene, app).conflicts).toEqual([]);
    expect(mergeCaptured(scene, other).conflicts).toEqual([]);
  });
});

it("an edit hidden behind one's own unsent write was not seen", () => {
  const ann = createPen('ann', 900);
  const ben = createPen('ben', 100);
  const scene = begin(ann, ben);
  write(ben, 'title', 'by Ben', NOON);
  mergeCaptured(scene, ben);
  write(ann, 'title', 'by Ann', NOON + 1);
  // Ben's write is delivered, but Ann's own stands to its right and is what she goes on seeing.
  spread(scene, ann);
  expect(shownBy(ann, 'title')).toBe('by Ann');
  write(ann, 'title', 'by Ann again', NOON + 2);
  expect(conflictsOf(mergeCaptured(scene, ann))).toEqual(['"by Ann again" over "by Ben"']);
});

it('a carrier dropped past the bound costs a conflict too many, never one too few', () => {
  const ann = createPen('ann', 100);
  const early = createPen('early', 900);
  const scene = begin(ann, early);
  write(early, 'title', 'first', NOON + 1);
  mergeCaptured(scene, early);
  for (let index = 0; index < CARRIERS_MAX; index++) {
    const twin = createPen(`twin-${index}`, 2_000 + index);
    Y.applyUpdate(twin.doc, Y.encodeStateAsUpdate(ann.doc), 'server');
    write(twin, 'title', 'first', NOON + 2 + index);
    expect(mergeCaptured(scene, twin).conflicts).toEqual([]);
  }
  const reader = createPen('reader', 5_000);
  Y.applyUpdate(reader.doc, Y.encodeStateAsUpdate(early.doc), 'server');
  write(reader, 'title', 'second', scene.now);
  expect(conflictsOf(mergeCaptured(scene, reader))).toEqual(['"second" over "first"']);
});

it('a JSON list that repeats what was pulled does not take back what others changed in it', () => {
  const scene = begin(createPen('ann', 100));
  const step = (id: string, title: string, position: string) => ({id, title, position});
  const base = (seq: number) => ({kind: 'cursor' as const, seq});
  const checklist = [step('one', 'Drain', 'a0'), step('two', 'Fill', 'a1')];
  push(scene, 'ann', {payload: {checklist}, at: NOON + 1, base: base(1)});
  const byBen = [step('one', 'Drain', 'a0'), step('two', 'Fill slowly', 'a1')];
  push(scene, 'ben', {payload: {checklist: byBen}, at: NOON + 2, base: base(2)});
  const byCas = [step('one', 'Drain all', 'a0'), step('two', 'Fill', 'a1')];
  const outcome = push(scene, 'cas', {payload: {checklist: byCas}, at: NOON + 3, base: base(2)});
  expect(outcome.conflicts).toEqual([]);
  expect(fieldOf(scene, 'checklist')).toEqual([
    step('one', 'Drain all', 'a0'),
    step('two', 'Fill slowly', 'a1'),
  ]);
});

// I18 of docs/reliability.md.
it('a refused write neither hides what it was made over nor blocks what comes after', () => {
  const ann = createPen('ann', 100);
  const ben = createPen('ben', 900);
  const scene = begin(ben, ann);
  write(ann, 'title', 7, NOON + 1);
  expect(mergeCaptured(scene, ann).refused).toEqual([{field: 'title', code: 'invalid_value'}]);
  write(ann, 'title', 'valid', NOON + 2);
  expect(mergeCaptured(scene, ann)).toMatchObject({conflicts: [], refused: []});
  spread(scene, ann, ben);
  expect([shownBy(ann, 'title'), shownBy(ben, 'title')]).toEqual(['valid', 'valid']);
});

describe('a delete of the record', () => {
  it('loses to a later edit it did not know of, and names it', () => {
    const {ben, scene} = meanwhile();
    const ann = createPen('ann', 300);
    spread(scene, ann, ben);
    ann.doc.getMap('fields').set('deletedAt', [NOON - HOUR, {at: NOON - HOUR, seen: 'c1'}]);
    const outcome = mergeCaptured(scene, ann);
    expect(isDeleted(scene)).toBe(false);
    expect(outcome.conflicts).toHaveLength(1);
    expect(outcome.conflicts[0]?.entries[0]?.winner).toMatchObject({field: 'title', value: 'by Ben'});
    spread(scene, ann);
    expect(shownBy(ann, 'deletedAt')).toBeNull();
  });

  it('wins if it is the latest, and names every edit it did not know of', () => {
    const ann = createPen('ann', 100);
    const ben = createPen('ben', 900);
    const scene = begin(ann, ben);
    write(ben, 'priority', 'low', NOON + 1);
    write(ben, 'cancelReason', 'rain', NOON + 2);
    mergeCaptured(scene, ben);
    ann.doc.getMap('fields').set('deletedAt', [NOON + 3, {at: NOON + 3, seen: 'c1'}]);
    const outcome = mergeCaptured(scene, ann);
    expect(isDeleted(scene)).toBe(true);
    expect(outcome.conflicts).toHaveLength(1);
    expect(
      conflictsOf(outcome)
        .map((text) => text.split(' over ')[1])
        .sort(),
    ).toEqual(['"low"', '"rain"']);
  });

  it('may say what it saw as a state vector', () => {
    const ann = createPen('ann', 100);
    const ben = createPen('ben', 900);
    const scene = begin(ann, ben);
    write(ben, 'priority', 'low', NOON + 1);
    mergeCaptured(scene, ben);
    spread(scene, ann);
    const seen = Buffer.from(Y.encodeStateVector(ann.doc)).toString('base64');
    ann.doc.getMap('fields').set('deletedAt', [NOON - HOUR, {at: NOON - HOUR, seen}]);
    expect(mergeCaptured(scene, ann).conflicts).toEqual([]);
    expect(isDeleted(scene)).toBe(true);
  });

  it('is taken back by a later edit of a device that did not know of it', () => {
    const ann = createPen('ann', 100);
    const ben = createPen('ben', 900);
    const scene = begin(ann, ben);
    push(scene, 'ann', {payload: null, at: NOON + 1, base: {kind: 'current'}});
    expect(isDeleted(scene)).toBe(true);
    ben.doc.getText('text:notes').insert(0, 'Ladder');
    expect(mergeCaptured(scene, ben).conflicts).toHaveLength(1);
    expect(isDeleted(scene)).toBe(false);
  });
});

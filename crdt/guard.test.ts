import {describe, expect, it} from 'vitest';
import * as Y from 'yjs';
import {
  chars,
  craftSection,
  craftUpdate,
  deleted,
  item,
  register,
  skip,
  values,
} from '#test/support/update-writer.ts';
import type {Admitted, GuardResult} from './admitted.ts';
import {tasks} from './entities/tasks.ts';
import {clients} from './entities/clients.ts';
import type {Entity} from './entities/entity.ts';
import {guard} from './guard.ts';
import {SERVER_CLIENT_ID_MIN} from './protocol/limits.ts';
import {newDocument} from './roots.ts';
import {parseUpdate} from './update-reader.ts';
import {writeUpdate} from './update-writer.ts';

const OWN = 100;
const OWN_BEFORE = 101;
const OTHER = 200;
const SERVER = SERVER_CLIENT_ID_MIN + 1;
const own: ReadonlySet<number> = new Set([OWN, OWN_BEFORE]);

interface Held {
  readonly entity: Entity;
  readonly doc: Y.Doc;
}

const emptyServer = (entity: Entity = clients): Held => ({entity, doc: newDocument(entity, SERVER)});

function serverWith(...updates: readonly Uint8Array[]): Held {
  const held = emptyServer();
  for (const update of updates) Y.applyUpdate(held.doc, update);
  return held;
}

function check(held: Held, bytes: Uint8Array, ownClients = own): GuardResult {
  const parsed = parseUpdate(bytes);
  if (!parsed.ok) throw new Error(`${parsed.code}: ${parsed.message}`);
  const before = Y.encodeStateAsUpdate(held.doc);
  const result = guard(held, parsed.update, ownClients);
  expect(Y.encodeStateAsUpdate(held.doc), 'the guard only reads').toEqual(before);
  return result;
}

const verdict = (held: Held, bytes: Uint8Array): string => {
  const result = check(held, bytes);
  return result.kind === 'refused' ? result.code : result.kind;
};

function admit(held: Held, bytes: Uint8Array, ownClients = own): Admitted {
  const result = check(held, bytes, ownClients);
  if (result.kind !== 'admitted') {
    throw new Error(result.kind === 'refused' ? `${result.code}: ${result.message}` : 'need');
  }
  return result.admitted;
}

/** Admits, and lets the document take what the guard made of it, as the server does. */
function take(held: Held, bytes: Uint8Array, ownClients = own): Admitted {
  const admitted = admit(held, bytes, ownClients);
  Y.applyUpdate(
    held.doc,
    writeUpdate(admitted.bytes, admitted, () => false),
  );
  expect(held.doc.store.pendingStructs).toBeNull();
  expect(held.doc.store.pendingDs).toBeNull();
  return admitted;
}

interface DeviceSettings {
  readonly clientId?: number;
  readonly gc?: boolean;
}

function stockDevice({clientId = OWN, gc = true}: DeviceSettings = {}): Y.Doc {
  const doc = new Y.Doc({gc});
  doc.clientID = clientId;
  return doc;
}

const set = (doc: Y.Doc, key: string, value: unknown, root = 'fields'): unknown =>
  doc.getMap(root).set(key, [1_000, value]);

/** Bytes of each of the document's own transactions, as a provider sees them. */
function outboxOf(doc: Y.Doc): Uint8Array[] {
  const outbox: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== 'server') outbox.push(update);
  });
  return outbox;
}

const register1 = craftSection(OTHER, 0, register('kind', 'person'), register('displayName', 'Ada'));

describe('honest updates of stock documents are admitted', () => {
  it.each([true, false])('one by one and as one state (gc %s)', (gc) => {
    const device = stockDevice({gc});
    const outbox = outboxOf(device);
    set(device, 'displayName', 'Ada');
    set(device, 'displayName', 'Ada L.');
    set(device, 'vip', true, 'set:tags');
    device.getText('text:notes').insert(0, 'hello world');
    device.getText('text:notes').delete(3, 4);
    device.getText('text:notes').insert(3, '😀');
    set(device, 'displayName', null);
    const single = emptyServer();
    for (const update of outbox) take(single, update);
    const whole = emptyServer();
    take(whole, Y.encodeStateAsUpdate(device));
    const merged = emptyServer();
    take(merged, Y.mergeUpdates(outbox));
    for (const {doc} of [single, whole, merged]) {
      expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(device));
      expect(doc.getText('text:notes').toJSON()).toBe(device.getText('text:notes').toJSON());
      expect(doc.getMap('fields').toJSON()).toEqual(device.getMap('fields').toJSON());
    }
  });

  it('a run of values becomes a chain, each element built on the one before', () => {
    const device = stockDevice({gc: false});
    for (const value of ['a', 'b', 'c']) set(device, 'displayName', value);
    const {elements} = admit(emptyServer(), Y.encodeStateAsUpdate(device));
    expect(elements.map((element) => [element.clock, element.length, element.origin])).toEqual([
      [0, 1, null],
      [1, 1, {client: OWN, clock: 0}],
      [2, 1, {client: OWN, clock: 1}],
    ]);
  });

  it('a run that the server knows in part is clipped at its state', () => {
    const device = stockDevice({gc: false});
    set(device, 'displayName', 'a');
    const held = serverWith(Y.encodeStateAsUpdate(device));
    set(device, 'displayName', 'b');
    set(device, 'displayName', 'c');
    const {elements} = take(held, Y.encodeStateAsUpdate(device));
    expect(elements.map((element) => [element.clock, element.origin])).toEqual([
      [1, {client: OWN, clock: 0}],
      [2, {client: OWN, clock: 1}],
    ]);
    expect(held.doc.getMap('fields').get('displayName')).toEqual([1_000, 'c']);
  });

  it('text that the server knows in part is clipped at its state', () => {
    const device = stockDevice();
    const notes = device.getText('text:notes');
    notes.insert(0, 'hello');
    const held = serverWith(Y.encodeStateAsUpdate(device));
    notes.insert(5, ' world');
    const {elements} = take(held, Y.encodeStateAsUpdate(device));
    expect(elements).toMatchObject([{kind: 'text', clock: 5, text: ' world'}]);
    expect(held.doc.getText('text:notes').toJSON()).toBe('hello world');
  });

  it('a text cut through a surrogate pair becomes what Yjs would make of it', () => {
    const held = serverWith(craftSection(OWN, 0, item({root: 'text:notes'}, chars('a\ufffd'))));
    const admitted = admit(held, craftSection(OWN, 0, item({root: 'text:notes'}, chars('a😀c'))));
    expect(admitted.elements).toMatchObject([{clock: 2, length: 2, text: '\ufffdc'}]);
  });

  it('a merged outbox with skips over what was acknowledged', () => {
    const device = stockDevice();
    const outbox = outboxOf(device);
    for (const value of ['a', 'b', 'c', 'd']) set(device, 'displayName', value);
    const held = emptyServer();
    take(held, outbox[0]!);
    take(held, outbox[1]!);
    const merged = Y.mergeUpdates([outbox[0]!, outbox[2]!, outbox[3]!]);
    const parsed = parseUpdate(merged);
    expect(parsed.ok && parsed.update.sections[0]?.structs.some((struct) => struct.kind === 'skip')).toBe(
      true,
    );
    take(held, merged);
    expect(held.doc.getMap('fields').get('displayName')).toEqual([1_000, 'd']);
  });

  it('two client ids of one device that build on each other, in either order of sections', () => {
    const first = stockDevice({clientId: OWN_BEFORE});
    set(first, 'displayName', 'a');
    first.getText('text:notes').insert(0, 'one');
    const second = stockDevice({clientId: OWN});
    Y.applyUpdate(second, Y.encodeStateAsUpdate(first));
    set(second, 'displayName', 'b');
    second.getText('text:notes').insert(3, ' two');
    Y.applyUpdate(first, Y.encodeStateAsUpdate(second));
    set(first, 'displayName', 'c');
    first.getText('text:notes').insert(3, ' and');
    const held = emptyServer();
    expect(take(held, Y.encodeStateAsUpdate(first)).elements.length).toBeGreaterThan(4);
    expect(held.doc.getText('text:notes').toJSON()).toBe('one and two');
    expect(held.doc.getMap('fields').get('displayName')).toEqual([1_000, 'c']);
  });

  it('editing between the text of others', () => {
    const other = stockDevice({clientId: OTHER});
    other.getText('text:notes').insert(0, 'abcdef');
    const held = serverWith(Y.encodeStateAsUpdate(other));
    const device = stockDevice();
    Y.applyUpdate(device, Y.encodeStateAsUpdate(other), 'server');
    const outbox = outboxOf(device);
    device.getText('text:notes').insert(3, 'X');
    device.getText('text:notes').delete(1, 4);
    for (const update of outbox) take(held, update);
    expect(held.doc.getText('text:notes').toJSON()).toBe('aef');
  });

  it('an undo in a text and in a map', () => {
    const device = stockDevice();
    const outbox = outboxOf(device);
    const fields = device.getMap('fields');
    const notes = device.getText('text:notes');
    const undo = new Y.UndoManager([fields, notes], {captureTimeout: 0});
    set(device, 'displayName', 'a');
    set(device, 'displayName', 'b');
    notes.insert(0, 'typed');
    notes.delete(1, 2);
    for (let step = 0; step < 3; step++) undo.undo();
    undo.redo();
    const held = emptyServer();
    for (const update of outbox) take(held, update);
    expect(held.doc.getText('text:notes').toJSON()).toBe(notes.toJSON());
    take(emptyServer(), Y.mergeUpdates(outbox));
  });

  it('an update that is known in full adds nothing', () => {
    const device = stockDevice();
    set(device, 'displayName', 'a');
    device.getText('text:notes').insert(0, 'typed');
    device.getText('text:notes').delete(0, 2);
    const update = Y.encodeStateAsUpdate(device);
    const held = emptyServer();
    take(held, update);
    const again = admit(held, update);
    expect(again).toMatchObject({elements: [], textDeletes: [], mapDeletes: [], deletedNew: []});
  });

  it('the empty update', () => {
    expect(verdict(emptyServer(), craftUpdate([]))).toBe('admitted');
  });

  it('known items of others beside new ones of its own', () => {
    const held = serverWith(register1);
    const device = stockDevice();
    Y.applyUpdate(device, register1, 'server');
    set(device, 'displayName', 'Ada L.');
    const {elements} = take(held, Y.encodeStateAsUpdate(device));
    expect(elements).toMatchObject([{key: 'displayName', origin: {client: OTHER, clock: 1}}]);
  });

  it('a known item of its own that the server has since overwritten', () => {
    const device = stockDevice();
    set(device, 'displayName', 'a');
    const first = Y.encodeStateAsUpdate(device);
    const held = serverWith(first);
    held.doc.getMap('fields').set('displayName', [2_000, 'server']);
    expect(verdict(held, first)).toBe('admitted');
  });
});

describe('clocks and client ids', () => {
  it.each([
    ['one below the state, known', 1, 'admitted'],
    ['at the state', 2, 'admitted'],
    ['one above the state', 3, 'need'],
    ['far above the state', 2 ** 40, 'need'],
  ])('a clock %s', (_name, clock, expected) => {
    const held = serverWith(craftSection(OWN, 0, register('kind', 'a'), register('status', 'x')));
    expect(verdict(held, craftSection(OWN, clock, register('status', 'x')))).toBe(expected);
  });

  it.each([
    ['ends below the state', 1, 'admitted'],
    ['ends at the state', 2, 'admitted'],
    ['ends above the state', 3, 'need'],
  ])('a skip that %s', (_name, length, expected) => {
    const held = serverWith(craftSection(OWN, 0, register('kind', 'a'), register('status', 'x')));
    const tail = length === 1 ? [register('status', 'x'), register('email', 1)] : [register('email', 1)];
    expect(verdict(held, craftSection(OWN, 0, skip(length), ...tail))).toBe(expected);
  });

  it('items under the id of another device are refused, whether next or far ahead', () => {
    const held = serverWith(register1);
    for (const clock of [2, 3, 2 ** 30]) {
      expect(verdict(held, craftSection(OTHER, clock, register('email', 'x')))).toBe('update_foreign_client');
    }
    expect(verdict(held, craftSection(300, 0, register('email', 'x')))).toBe('update_foreign_client');
  });

  it('the server’s own ids are nobody’s, even if a device were given one', () => {
    const bytes = craftSection(SERVER, 0, register('email', 'x'));
    const result = check(emptyServer(), bytes, new Set([SERVER]));
    expect(result).toMatchObject({kind: 'refused', code: 'update_foreign_client'});
  });

  it('the highest id that Yjs mints is an ordinary one', () => {
    const highest = 2 ** 32 - 1;
    expect(
      check(emptyServer(), craftSection(highest, 0, register('email', 1)), new Set([highest])).kind,
    ).toBe('admitted');
  });
});

describe('client ids used twice', () => {
  const written = craftSection(
    OWN,
    0,
    register('kind', 'person'),
    item({root: 'text:notes'}, chars('hello')),
    item({origin: {client: OWN, clock: 0}}, values([1, 'b'], [2, 'c'])),
  );
  const cases: [string, Uint8Array][] = [
    [
      'another value in a run under known clocks',
      craftSection(
        OWN,
        0,
        register('kind', 'person'),
        item({root: 'text:notes'}, chars('hello')),
        item({origin: {client: OWN, clock: 0}}, values([1, 'b'], [2, 'd'])),
      ),
    ],
    ['another key', craftSection(OWN, 0, register('status', 'person'))],
    [
      'another place',
      craftSection(OWN, 0, item({origin: {client: OTHER, clock: 0}}, values([1_000, 'person']))),
    ],
    ['another text', craftSection(OWN, 1, item({root: 'text:notes'}, chars('HELLO')))],
    ['a text for a value', craftSection(OWN, 0, item({root: 'text:notes'}, chars('x')))],
    ['a value for a text', craftSection(OWN, 1, register('kind', 'person'))],
    [
      'a run that goes on past the state but began otherwise',
      craftSection(OWN, 6, item({origin: {client: OWN, clock: 0}}, values([1, 'x'], [2, 'y'], [3, 'z']))),
    ],
    [
      'a deleted run that stood elsewhere',
      craftSection(OWN, 6, item({root: 'fields', key: 'email'}, deleted(1))),
    ],
  ];
  it.each(cases)('%s', (_name, bytes) => {
    const held = serverWith(written);
    expect(verdict(held, written)).toBe('admitted');
    expect(verdict(held, bytes)).toBe('client_taken');
  });

  it('a text torn apart on the server since is still the same text', () => {
    const typed = craftSection(OWN, 0, item({root: 'text:notes'}, chars('a😀b')));
    const held = serverWith(typed);
    held.doc.getText('text:notes').insert(2, '-');
    expect(held.doc.getText('text:notes').toJSON()).toContain('\ufffd');
    expect(verdict(held, typed)).toBe('admitted');
  });

  it('of other devices is not looked at: what is known of them is not taken anyway', () => {
    const held = serverWith(register1);
    const {elements} = admit(held, craftSection(OTHER, 0, register('kind', 'company')));
    expect(elements).toEqual([]);
  });
});

describe('parents and neighbours', () => {
  const text = craftSection(OTHER, 0, item({root: 'text:notes'}, chars('abc')), register('kind', 'person'));
  const cases: [string, Uint8Array, string][] = [
    [
      'an undeclared root',
      craftSection(OWN, 0, item({root: 'evil', key: 'a'}, values(1))),
      'update_bad_parent',
    ],
    [
      'a root of another entity',
      craftSection(OWN, 0, item({root: 'items:checklist', key: 'a'}, values(1))),
      'update_bad_parent',
    ],
    ['a list item in a map', craftSection(OWN, 0, item({root: 'fields'}, values(1))), 'update_bad_parent'],
    [
      'a map entry in a text',
      craftSection(OWN, 0, item({root: 'text:notes', key: 'a'}, chars('x'))),
      'update_bad_parent',
    ],
    [
      'text in a map',
      craftSection(OWN, 0, item({root: 'fields', key: 'a'}, chars('x'))),
      'update_bad_content',
    ],
    ['values in a text', craftSection(OWN, 0, item({root: 'text:notes'}, values(1))), 'update_bad_content'],
    [
      'a field name with a slash, which would stand for a member',
      craftSection(OWN, 0, register('tags/vip', true)),
      'update_bad_parent',
    ],
    [
      'a member with a slash',
      craftSection(OWN, 0, item({root: 'set:tags', key: 'a/b'}, values([1, true]))),
      'admitted',
    ],
    ['a key of 256', craftSection(OWN, 0, register('k'.repeat(256), 1)), 'admitted'],
    ['a key of 257', craftSection(OWN, 0, register('k'.repeat(257), 1)), 'update_bad_parent'],
    [
      'an origin that nobody has',
      craftSection(OWN, 0, item({origin: {client: 300, clock: 0}}, values(1))),
      'need',
    ],
    [
      'an origin past the end of another',
      craftSection(OWN, 0, item({origin: {client: OTHER, clock: 4}}, values(1))),
      'need',
    ],
    [
      'itself as origin',
      craftSection(OWN, 0, item({origin: {client: OWN, clock: 0}}, values(1))),
      'update_bad_origin',
    ],
    [
      'its own future as origin',
      craftSection(OWN, 0, item({origin: {client: OWN, clock: 1}}, values(1)), register('kind', 1)),
      'update_bad_origin',
    ],
    [
      'itself as right neighbour',
      craftSection(OWN, 0, item({rightOrigin: {client: OWN, clock: 0}}, chars('x'))),
      'update_bad_origin',
    ],
    [
      'a right neighbour in a map',
      craftSection(OWN, 0, item({rightOrigin: {client: OTHER, clock: 3}}, values(1))),
      'update_bad_origin',
    ],
    [
      'neighbours in two places',
      craftSection(
        OWN,
        0,
        item({origin: {client: OTHER, clock: 1}, rightOrigin: {client: OTHER, clock: 3}}, chars('x')),
      ),
      'update_bad_origin',
    ],
    [
      'a circle between two own ids',
      craftUpdate([
        {client: OWN, clock: 0, structs: [item({origin: {client: OWN_BEFORE, clock: 0}}, values(1))]},
        {client: OWN_BEFORE, clock: 0, structs: [item({origin: {client: OWN, clock: 0}}, values(1))]},
      ]),
      'update_bad_origin',
    ],
    ...['__proto__', 'constructor', 'toJSON', 'hasOwnProperty', 'toString', 'valueOf', 'a\0b', 'a\ufffd'].map(
      (key): [string, Uint8Array, string] => [
        `the key ${JSON.stringify(key)}`,
        craftSection(OWN, 0, register(key, {isAdmin: true})),
        key === 'toJSON' ? 'admitted' : 'update_bad_parent',
      ],
    ),
  ];
  it.each(cases)('%s', (_name, bytes, expected) => {
    expect(verdict(serverWith(text), bytes)).toBe(expected);
  });

  it('many sections that wait for each other are resolved', () => {
    const ids = Array.from({length: 60}, (_, index) => 1_000 + index);
    const sections = ids.map((client, index) => ({
      client,
      clock: 0,
      structs: [
        index === ids.length - 1
          ? register('kind', 1)
          : item({origin: {client: client + 1, clock: 0}}, values([1, index])),
      ],
    }));
    expect(admit(emptyServer(), craftUpdate(sections), new Set(ids)).elements).toHaveLength(60);
  });
});

describe('deletes', () => {
  const base = craftUpdate([
    {
      client: OTHER,
      clock: 0,
      structs: [
        register('kind', 'person'),
        item({root: 'text:notes'}, chars('abcdef')),
        item({origin: {client: OTHER, clock: 0}}, values([2, 'company'])),
      ],
    },
  ]);
  const deleting = (client: number, ...ranges: [number, number][]): Uint8Array =>
    craftUpdate([], [{client, ranges}]);

  it('a range over text and map is split by what it touches; what was overwritten is dropped', () => {
    const admitted = admit(serverWith(base), deleting(OTHER, [0, 3], [5, 3]));
    expect(admitted.textDeletes).toMatchObject([
      {client: OTHER, clock: 1, length: 2},
      {client: OTHER, clock: 5, length: 2},
    ]);
    expect(admitted.mapDeletes).toMatchObject([{key: 'kind', id: {client: OTHER, clock: 7}}]);
  });

  it.each([
    ['ending below the state', 7, 'admitted'],
    ['ending at the state', 8, 'admitted'],
    ['ending past it', 9, 'update_bad_delete'],
  ])('of another device, %s', (_name, length, expected) => {
    expect(verdict(serverWith(base), deleting(OTHER, [0, length]))).toBe(expected);
  });

  it('of its own future are a gap', () => {
    expect(verdict(serverWith(base), deleting(OWN, [0, 1]))).toBe('need');
  });

  it('of text that the same update brings', () => {
    const bytes = craftUpdate(
      [{client: OWN, clock: 0, structs: [item({root: 'text:notes'}, chars('abcd'))]}],
      [{client: OWN, ranges: [[1, 2]]}],
    );
    const held = emptyServer();
    expect(take(held, bytes).textDeletes).toMatchObject([{client: OWN, clock: 1, length: 2}]);
    expect(held.doc.getText('text:notes').toJSON()).toBe('ad');
  });

  it('of values that the same update brings are named', () => {
    const device = stockDevice({gc: false});
    set(device, 'displayName', 'a');
    device.getMap('fields').delete('displayName');
    const admitted = admit(emptyServer(), Y.encodeStateAsUpdate(device));
    expect(admitted.deletedNew).toEqual([{client: OWN, clock: 0, length: 1}]);
  });
});

describe('entities', () => {
  it('declare which roots there are', () => {
    const bytes = craftSection(
      OWN,
      0,
      item({root: 'items:checklist', key: 'a'}, values([1, {position: 'a0'}])),
    );
    expect(verdict(emptyServer(tasks), bytes)).toBe('admitted');
    expect(verdict(emptyServer(clients), bytes)).toBe('update_bad_parent');
  });
});

// The attacks on the update path as data: what is sent, by whom, and what must come of it. Every way into
// the server is held against the same list. Numbers are those of docs/security.md.
import * as Y from 'yjs';
import type {Role} from '#crdt/change.ts';
import type {ErrorCode} from '#crdt/protocol/error-code.ts';
import {
  any,
  binary,
  chars,
  claimed,
  collected,
  craftSection,
  craftUpdate,
  deleted,
  embed,
  format,
  item,
  json,
  nested,
  rawValues,
  register,
  skip,
  string,
  subdocument,
  uint,
  values,
  type Content,
} from '#test/support/update-writer.ts';

/** What an attacker can know of the record it attacks. */
export interface AttackContext {
  /** The whole document, V1: the victim's `kind`, `displayName`, `phone`, tag `vip` and notes. */
  readonly state: Uint8Array;
  /** The attacker's Yjs client id, which wrote three characters of the notes; and others that it owns. */
  readonly attacker: number;
  readonly attackerAlso: readonly number[];
  readonly victim: number;
  readonly server: number;
  /** The server's clock, ms. */
  readonly now: number;
}

export type Expected =
  /** Refused whole with one of these codes; nothing is stored. */
  | {readonly kind: 'refused'; readonly codes: readonly ErrorCode[]}
  /** Nothing is stored; the sender is told what the server has. */
  | {readonly kind: 'need'}
  /** Clocks are consumed, this key is refused with the code, and everything reads as before. */
  | {readonly kind: 'field-refused'; readonly field: string; readonly code: ErrorCode}
  /** Part of it is an ordinary edit; of this key some is refused with the code. */
  | {readonly kind: 'merged-in-part'; readonly field: string; readonly code: ErrorCode}
  /** An ordinary edit after all: merged by the ordinary rules. `reads`: fields afterwards. */
  | {readonly kind: 'merged'; readonly reads?: Readonly<Record<string, unknown>>}
  /** Adds nothing. */
  | {readonly kind: 'unchanged'};

export interface Attack {
  /** `A1` and so on. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly build: (context: AttackContext) => Uint8Array;
  readonly expected: Expected;
}

const refused = (...codes: ErrorCode[]): Expected => ({kind: 'refused', codes});
const fieldRefused = (field: string, code: ErrorCode): Expected => ({kind: 'field-refused', field, code});
const need: Expected = {kind: 'need'};
const unchanged: Expected = {kind: 'unchanged'};

const clockOf = ({state}: AttackContext, client: number): number => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  return Y.getState(doc.store, client);
};
const own = (context: AttackContext): number => clockOf(context, context.attacker);

/** One own item at the next own clock. */
const ownItem =
  (...structs: Parameters<typeof craftSection>[2][]) =>
  (context: AttackContext): Uint8Array =>
    craftSection(context.attacker, own(context), ...structs);

const ownContent = (content: Content) => ownItem(item({root: 'fields', key: 'email'}, content));

/** An own value of a key whose bytes may be anything. */
const ownValue = (bytes: readonly number[], key = 'email') =>
  ownItem(item({root: 'fields', key}, rawValues(1, [117, 2, ...any(1_000), ...bytes])));

/** So many structs of one collected clock each. */
const collectedStructs =
  (count: number) =>
  (context: AttackContext): Uint8Array => {
    const structs = [Array.from({length: count * 2}, (_, index) => index % 2)];
    return craftUpdate([{client: context.attacker, clock: own(context), structs, count}]);
  };

/** One run of so many empty objects. */
const emptyObjects =
  (count: number) =>
  (context: AttackContext): Uint8Array => {
    const bytes = Array.from({length: count * 2}, (_, index) => (index % 2 === 0 ? 118 : 0));
    return ownContent(rawValues(count, bytes))(context);
  };

interface Entry {
  readonly name: string;
  readonly role?: Role;
  readonly build: (context: AttackContext) => Uint8Array;
  readonly expected: Expected;
}
const list = (id: string, ...entries: readonly Entry[]): Attack[] =>
  entries.map((entry) => ({id, role: 'manager', ...entry}));

const clocks: Attack[] = [
  ...list(
    'A1',
    {
      name: 'client id spoof: the next item of the victim',
      build: (context) =>
        craftSection(context.victim, clockOf(context, context.victim), register('displayName', 'Eve')),
      expected: refused('update_foreign_client'),
    },
    {
      name: 'client id spoof: an item of the server',
      build: (context) => craftSection(context.server, 0, register('displayName', 'Eve')),
      expected: refused('update_foreign_client'),
    },
    {
      name: 'client id spoof: hidden behind an item of its own',
      build: (context) =>
        craftUpdate([
          {client: context.attacker, clock: own(context), structs: [register('email', 'eve@example.com')]},
          {
            client: context.victim,
            clock: clockOf(context, context.victim),
            structs: [register('displayName', 'Eve')],
          },
        ]),
      expected: refused('update_foreign_client'),
    },
    {
      name: 'client id spoof: other content under known clocks of the victim is not taken',
      build: (context) => craftSection(context.victim, 0, register('kind', 'company')),
      expected: unchanged,
    },
  ),
  ...list(
    'A2',
    ...[2 ** 40, 2 ** 53 - 1].map((length) => ({
      name: `clock burn: a collected struct of ${length} on the victim's id`,
      build: (context: AttackContext) =>
        craftSection(context.victim, clockOf(context, context.victim), collected(length)),
      expected: refused('update_bad_content'),
    })),
    {
      name: "clock burn: a deleted run of 2^40 on the victim's id",
      build: (context) =>
        craftSection(
          context.victim,
          clockOf(context, context.victim),
          item({root: 'text:notes'}, deleted(2 ** 40)),
        ),
      expected: refused('update_bad_clock'),
    },
    {
      name: "clock burn: a short deleted run on the victim's id",
      build: (context) =>
        craftSection(
          context.victim,
          clockOf(context, context.victim),
          item({root: 'text:notes'}, deleted(9)),
        ),
      expected: refused('update_foreign_client'),
    },
  ),
  ...list(
    'A3',
    {
      name: 'own clock past 2^53 by collected structs',
      build: ownItem(collected(2 ** 53 - 1), collected(2 ** 53 - 1), collected(2 ** 53 - 1)),
      expected: refused('update_bad_content'),
    },
    {
      name: 'own clock past 2^53 by skips',
      build: ownItem(skip(2 ** 52), skip(2 ** 52), skip(2 ** 52)),
      expected: refused('update_bad_clock'),
    },
    {
      name: 'own clock past 2^53 by its first clock',
      build: ({attacker}) => craftSection(attacker, 2 ** 53 - 1, register('email', 'x')),
      expected: refused('update_bad_clock'),
    },
  ),
  ...list(
    'A4',
    {
      name: 'clock gap: an item past its own state is not parked',
      build: (context) => craftSection(context.attacker, own(context) + 1, register('email', 'x')),
      expected: need,
    },
    {
      name: 'clock gap: 60 sections of made-up ids',
      build: () =>
        craftUpdate(
          Array.from({length: 60}, (_, index) => ({
            client: 5_000 + index,
            clock: 1,
            structs: [register('email', 'x')],
          })),
        ),
      expected: refused('update_foreign_client'),
    },
    {
      name: 'clock gap: 20,000 sections of made-up ids',
      build: () =>
        craftUpdate(
          Array.from({length: 20_000}, (_, index) => ({
            client: 5_000 + index,
            clock: 1,
            structs: [skip(1)],
          })),
        ),
      expected: refused('update_too_large'),
    },
  ),
  ...list(
    'A5',
    {
      name: 'pre-delete: clocks that the victim has not used yet',
      build: (context) =>
        craftUpdate([], [{client: context.victim, ranges: [[clockOf(context, context.victim), 1_000]]}]),
      expected: refused('update_bad_delete'),
    },
    {
      name: 'pre-delete: one clock past the state, in a range over known ones',
      build: (context) =>
        craftUpdate([], [{client: context.victim, ranges: [[0, clockOf(context, context.victim) + 1]]}]),
      expected: refused('update_bad_delete'),
    },
    {
      name: 'pre-delete: clocks of its own future',
      build: (context) => craftUpdate([], [{client: context.attacker, ranges: [[own(context), 1_000]]}]),
      expected: need,
    },
    {
      name: 'pre-delete: an id that nobody has yet',
      build: () => craftUpdate([], [{client: 9_999, ranges: [[0, 1]]}]),
      expected: refused('update_bad_delete'),
    },
  ),
];

const structure: Attack[] = [
  ...list(
    'A6',
    {
      name: "poison pending: an item that waits for the victim's next one",
      build: (context) =>
        ownItem(
          item({origin: {client: context.victim, clock: clockOf(context, context.victim)}}, values([1, 'x'])),
        )(context),
      expected: need,
    },
    {
      name: 'poison pending: the same with an origin in its own future',
      build: (context) =>
        ownItem(
          item(
            {
              origin: {client: context.attacker, clock: own(context) + 5},
              rightOrigin: {client: context.victim, clock: clockOf(context, context.victim)},
            },
            values([1, 'x']),
          ),
        )(context),
      expected: refused('update_bad_origin'),
    },
  ),
  ...list(
    'A7',
    {
      name: 'an origin in its own future, after an item that is in order',
      build: (context) =>
        ownItem(
          register('email', 'eve@example.com'),
          item({origin: {client: context.attacker, clock: own(context) + 1}}, values([1, 'x'])),
        )(context),
      expected: refused('update_bad_origin'),
    },
    {
      name: 'text whose left neighbour stands right of its right one: each replica would place it elsewhere',
      build: (context) =>
        ownItem(
          item(
            {origin: {client: context.victim, clock: 12}, rightOrigin: {client: context.victim, clock: 10}},
            chars('x'),
          ),
        )(context),
      expected: refused('update_bad_origin'),
    },
  ),
  ...list('A8', {
    name: 'truncated: the delete set is cut off',
    build: (context) => ownItem(register('email', 'eve@example.com'))(context).subarray(0, -1),
    expected: refused('update_malformed'),
  }),
  ...list(
    'A9',
    {
      name: 'two sections of one client, of which Yjs would take the last',
      build: (context) => {
        const section = {client: context.attacker, clock: own(context)};
        return craftUpdate([
          {...section, structs: [register('email', 'a@example.com')]},
          {...section, structs: [register('displayName', 'Eve')]},
        ]);
      },
      expected: refused('update_malformed'),
    },
    {
      name: "two sections of the victim around the attacker's own",
      build: (context) =>
        craftUpdate([
          {client: context.victim, clock: 100, structs: [register('email', 'x')]},
          {client: context.attacker, clock: own(context), structs: [register('email', 'x')]},
          {client: context.victim, clock: 0, structs: [register('email', 'x')]},
        ]),
      expected: refused('update_malformed'),
    },
    {
      name: 'a skip that hides a gap',
      build: ownItem(skip(1_000), register('email', 'x')),
      expected: need,
    },
  ),
  ...list(
    'A19',
    {
      name: 'nested Y types',
      build: ownItem(item({root: 'fields', key: 'email'}, nested(1))),
      expected: refused('update_bad_content'),
    },
    {
      name: '1,000 nested Y types, each in the one before',
      build: (context) =>
        ownItem(
          item({root: 'fields', key: 'email'}, nested(1)),
          ...Array.from({length: 999}, (_, index) =>
            item({parent: {client: context.attacker, clock: own(context) + index}, key: 'a'}, nested(1)),
          ),
        )(context),
      expected: refused('update_bad_content'),
    },
    {
      name: "an item inside another's item",
      build: (context) =>
        ownItem(item({parent: {client: context.victim, clock: 0}, key: 'a'}, values(1)))(context),
      expected: refused('update_bad_parent'),
    },
  ),
  ...list('A23', {
    name: 'a subdocument with options of its own',
    build: ownContent(subdocument('another-tenants-document', {gc: false, autoLoad: true})),
    expected: refused('update_bad_content'),
  }),
  ...list(
    'A24',
    ...['evil', '_server_meta', '', 'text:title', 'set:', 'items:tags', 'deletedAt'].map((root) => ({
      name: `an undeclared root: ${JSON.stringify(root)}`,
      build: ownItem(item({root, key: 'a'}, values([1, 'x']))),
      expected: refused('update_bad_parent'),
    })),
    {
      name: 'list content in a map root',
      build: ownItem(item({root: 'fields'}, values('hidden'))),
      expected: refused('update_bad_parent'),
    },
    {
      name: 'text in a map root',
      build: ownItem(item({root: 'fields', key: 'email'}, chars('hidden'))),
      expected: refused('update_bad_content'),
    },
    {
      name: 'values in a text root',
      build: ownItem(item({root: 'text:notes'}, values('hidden'))),
      expected: refused('update_bad_content'),
    },
    {
      name: 'a map entry in a text root',
      build: ownItem(item({root: 'text:notes', key: 'hidden'}, chars('x'))),
      expected: refused('update_bad_parent'),
    },
    {
      name: 'an undeclared field',
      build: ownItem(register('isAdmin', true)),
      expected: fieldRefused('isAdmin', 'unknown_field'),
    },
    {
      name: 'a field whose name would stand for a member',
      build: ownItem(register('tags/admin', true)),
      expected: refused('update_bad_parent'),
    },
  ),
  ...list(
    'A25',
    ...[
      ['an XML element', nested(3, 'p'), 'update_bad_content'],
      ['an XML fragment', nested(4), 'update_bad_content'],
      ['a type of unknown kind', nested(99), 'update_bad_content'],
      ['a format', format('bold', true), 'update_bad_content'],
      ['an embed', embed({image: 'x'}), 'update_bad_content'],
      ['JSON content', json('{}'), 'update_bad_content'],
      ['content of kind 15', {ref: 15, bytes: [1, 1, 1]}, 'update_malformed'],
    ].map((entry) => {
      const [name, content, code] = entry as [string, Content, ErrorCode];
      return {
        name,
        build: ownItem(item({root: 'text:notes'}, content)),
        expected: refused(code),
      };
    }),
  ),
];

const others: Attack[] = [
  ...list(
    'A10',
    {
      name: "deleting the victim's required field keeps it",
      build: (context) => craftUpdate([], [{client: context.victim, ranges: [[0, 2]]}]),
      expected: fieldRefused('displayName', 'required_field'),
    },
    {
      name: 'deleting an optional field of a record one may write is writing null',
      build: (context) => craftUpdate([], [{client: context.victim, ranges: [[2, 1]]}]),
      expected: {kind: 'merged', reads: {phone: null, displayName: 'Ada'}},
    },
    {
      name: 'deleting a field that the role may not write',
      role: 'employee',
      build: (context) => craftUpdate([], [{client: context.victim, ranges: [[2, 1]]}]),
      expected: fieldRefused('phone', 'forbidden_field'),
    },
    {
      name: 'deleting a member of a set that the role may not write',
      role: 'employee',
      build: (context) => craftUpdate([], [{client: context.victim, ranges: [[3, 1]]}]),
      expected: fieldRefused('tags/vip', 'forbidden_field'),
    },
    {
      name: "deleting others' text where the role may only append",
      role: 'employee',
      build: (context) => craftUpdate([], [{client: context.victim, ranges: [[4, 12]]}]),
      expected: fieldRefused('notes', 'forbidden_field'),
    },
    {
      name: "deleting half of a character of others' text where the role may only append",
      role: 'employee',
      build: (context) => craftUpdate([], [{client: context.victim, ranges: [[4 + 14, 1]]}]),
      expected: fieldRefused('notes', 'forbidden_field'),
    },
    {
      name: 'overwriting a field that the role may not write',
      role: 'employee',
      build: (context) =>
        ownItem(item({origin: {client: context.victim, clock: 2}}, values([context.now, '+41446681801'])))(
          context,
        ),
      expected: fieldRefused('phone', 'forbidden_field'),
    },
  ),
  ...list(
    'A11',
    {
      name: 'the highest client id does not win over a newer write',
      build: (context) =>
        craftSection(
          Math.max(...context.attackerAlso),
          0,
          register('displayName', 'Eve', context.now - 86_400_000),
        ),
      expected: {kind: 'merged', reads: {displayName: 'Ada'}},
    },
    {
      name: 'a client id past what Yjs mints',
      build: () => craftSection(2 ** 53 - 1, 0, register('displayName', 'Eve')),
      expected: refused('update_foreign_client'),
    },
  ),
  ...list('A12', {
    name: 'its own client id again, after a restored backup',
    build: (context) => craftSection(context.attacker, 0, item({root: 'text:notes'}, chars('No!'))),
    expected: refused('client_taken'),
  }),
  ...list(
    'A20',
    {
      name: '2,000 concurrent writes of one key by one client',
      build: ownItem(...Array.from({length: 2_000}, (_, index) => register('taxId', `${index}`))),
      expected: {kind: 'merged', reads: {displayName: 'Ada'}},
    },
    {
      name: '2,001 structs',
      build: ownItem(...Array.from({length: 2_001}, () => item({root: 'text:notes'}, chars('x')))),
      expected: refused('update_too_large'),
    },
  ),
  ...list(
    'A21',
    {
      name: 'delete-splitting: every second character of the notes, where the role may only append',
      role: 'employee',
      build: (context) =>
        craftUpdate(
          [],
          [
            {
              client: context.victim,
              ranges: Array.from({length: 6}, (_, index) => [4 + index * 2, 1] as const),
            },
          ],
        ),
      expected: fieldRefused('notes', 'forbidden_field'),
    },
    {
      name: 'delete-splitting: 100,000 ranges',
      build: (context) =>
        craftUpdate(
          [],
          [
            {
              client: context.victim,
              ranges: Array.from({length: 100_000}, (_, index) => [index * 2, 1] as const),
            },
          ],
        ),
      expected: refused('update_too_large'),
    },
    {
      name: 'delete-splitting: 4,001 ranges',
      build: (context) =>
        craftUpdate(
          [],
          [
            {
              client: context.victim,
              ranges: Array.from({length: 4_001}, (_, index) => [index * 2, 1] as const),
            },
          ],
        ),
      expected: refused('update_too_large'),
    },
  ),
  ...list('A22', {
    name: 'pending deletes: 4,000 ranges that could never be applied',
    build: (context) =>
      craftUpdate(
        [],
        [
          {
            client: context.victim,
            ranges: Array.from({length: 4_000}, (_, index) => [1_000 + index * 2, 1] as const),
          },
        ],
      ),
    expected: refused('update_bad_delete'),
  }),
];

/** Bytes in Yjs' V2 format: a count of 2^40 equal structs in a handful of bytes. */
const v2Bomb = (): Uint8Array => {
  const column = (bytes: readonly number[]) => [...uint(bytes.length), ...bytes];
  return Uint8Array.from([
    0, // feature flags
    ...column([]), // key clocks
    ...column([5]), // clients
    ...column([]), // left clocks
    ...column([]), // right clocks
    ...column([0, ...uint(2 ** 40)]), // info: collected, so often
    ...column([0]), // strings
    ...column([]), // parent info
    ...column([]), // type references
    ...column([0x41, ...uint(2 ** 40)]), // lengths: 1, so often
    ...uint(1),
    ...uint(2 ** 40),
    ...uint(0),
  ]);
};

const encodings: Attack[] = [
  ...list(
    'A13',
    {name: 'a V2 run-length bomb', build: v2Bomb, expected: refused('update_malformed')},
    {
      name: 'a V2 run-length bomb behind an honest update',
      build: (context) =>
        Uint8Array.from([...ownItem(register('email', 'eve@example.com'))(context), ...v2Bomb()]),
      expected: refused('update_malformed'),
    },
  ),
  ...list(
    'A14',
    {
      name: 'an honest edit in V2 is not taken for an empty one',
      build: ({state, attacker}) => {
        const doc = new Y.Doc();
        Y.applyUpdate(doc, state);
        doc.clientID = attacker;
        const before = Y.encodeStateVector(doc);
        doc.getMap('fields').set('email', [1_000, 'eve@example.com']);
        return Y.encodeStateAsUpdateV2(doc, before);
      },
      expected: refused('update_malformed'),
    },
    {
      name: 'the empty V2 update',
      build: () => Y.encodeStateAsUpdateV2(new Y.Doc()),
      expected: refused('update_malformed'),
    },
  ),
  ...list(
    'A15',
    ...[3e7, 1e8, 2 ** 32, 2 ** 53 - 1].flatMap((count) => [
      {
        name: `a section that claims ${count} structs`,
        build: (context: AttackContext) =>
          craftUpdate([{client: context.attacker, clock: own(context), structs: [], count}]),
        expected: refused('update_malformed'),
      },
      {
        name: `an update that claims ${count} sections`,
        build: () => Uint8Array.from([...uint(count), 1, 1]),
        expected: refused('update_malformed'),
      },
      {
        name: `a delete set that claims ${count} ranges`,
        build: () => Uint8Array.from([0, 1, 1, ...uint(count), 0, 1]),
        expected: refused('update_malformed'),
      },
    ]),
  ),
  ...list(
    'A16',
    {
      name: '1 MB of collected structs',
      build: collectedStructs(500_000),
      expected: refused('update_too_large'),
    },
    {
      name: '60 KB of collected structs',
      build: collectedStructs(30_000),
      expected: refused('update_too_large'),
    },
    {
      name: '2,000 collected structs',
      build: collectedStructs(2_000),
      expected: refused('update_bad_content'),
    },
  ),
  ...list(
    'A17',
    {
      name: '500,000 empty objects in one run',
      build: emptyObjects(500_000),
      expected: refused('update_too_large'),
    },
    {
      name: '8,001 empty objects in one run',
      build: emptyObjects(8_001),
      expected: refused('update_too_large'),
    },
    {
      name: '8,000 empty objects in one run',
      build: emptyObjects(8_000),
      expected: fieldRefused('email', 'invalid_value'),
    },
  ),
  ...list(
    'A18',
    ...[20, 4_000, 30_000].map((depth) => ({
      name: `arrays nested ${depth} deep`,
      build: ownValue([...Array.from({length: depth}, () => [117, 1]).flat(), 126]),
      expected: refused('update_malformed'),
    })),
    {
      name: 'objects nested 4,000 deep',
      build: ownValue([...Array.from({length: 4_000}, () => [118, 1, ...string('a')]).flat(), 126]),
      expected: refused('update_malformed'),
    },
    {
      name: 'an array of 1,100 parts',
      build: ownValue(any(Array.from({length: 1_100}, () => null))),
      expected: refused('update_malformed'),
    },
  ),
  ...list(
    'A29',
    {
      name: 'a string of 50 MB',
      build: () => new Uint8Array(50 * 1024 * 1024),
      expected: refused('update_too_large'),
    },
    {
      name: 'a string that claims 1 GB',
      build: ownValue([119, ...claimed(2 ** 30, [65])]),
      expected: refused('update_malformed'),
    },
    {
      name: 'a value of 17 KB',
      build: ownValue(any('x'.repeat(17 * 1024)), 'companyName'),
      expected: fieldRefused('companyName', 'invalid_value'),
    },
    {
      name: 'notes past their length in two pieces, of which the second is refused',
      build: ownItem(
        item({root: 'text:notes'}, chars('x'.repeat(30_000))),
        item({root: 'text:notes'}, chars('y'.repeat(30_000))),
      ),
      expected: {kind: 'merged-in-part', field: 'notes', code: 'invalid_value'},
    },
    {
      name: 'notes past their length',
      build: ownItem(item({root: 'text:notes'}, chars('x'.repeat(50_000)))),
      expected: fieldRefused('notes', 'invalid_value'),
    },
  ),
  ...list(
    'A30',
    ...[
      [0x80, 0x00],
      [0x81, 0x80, 0x00],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
      Array.from({length: 10}, () => 0xff),
      [...Array.from({length: 200}, () => 0x80), 0x01],
    ].flatMap((number, index) => [
      {
        name: `malformed number ${index + 1} as the count of sections`,
        build: () => Uint8Array.from([...number, 0]),
        expected: refused('update_malformed'),
      },
      {
        name: `malformed number ${index + 1} as a clock`,
        build: ({attacker}: AttackContext) =>
          Uint8Array.from([1, 1, ...uint(attacker), ...number, ...register('email', 'x'), 0]),
        expected: refused('update_malformed'),
      },
      {
        name: `malformed number ${index + 1} as a value`,
        // A signed number has one bit less in its first byte.
        build: ownValue([125, ...number.map((byte) => (byte === 0x10 ? 0x20 : byte))]),
        expected: refused('update_malformed'),
      },
    ]),
  ),
  ...list(
    'A34',
    {
      name: 'binary content that claims more bytes than there are',
      build: ownContent(binary(1_500, [1])),
      expected: refused('update_bad_content'),
    },
    {
      name: 'a binary value that claims more bytes than there are',
      build: ownValue([116, ...claimed(1_500, [1])]),
      expected: refused('update_malformed'),
    },
    {
      name: 'a string that claims more bytes than there are',
      build: ownValue([119, ...claimed(1_500, [65])]),
      expected: refused('update_malformed'),
    },
  ),
];

const contents: Attack[] = [
  ...list(
    'A26',
    ...['__proto__', 'constructor', 'hasOwnProperty', 'toString', '__defineGetter__'].flatMap((key) => [
      {
        name: `the field ${key}`,
        build: ownItem(register(key, {isAdmin: true})),
        expected: refused('update_bad_parent'),
      },
      {
        name: `the member ${key}`,
        build: ownItem(item({root: 'set:tags', key}, values([1, true]))),
        expected: refused('update_bad_parent'),
      },
    ]),
    {
      name: 'the field toJSON',
      build: ownItem(register('toJSON', {isAdmin: true})),
      expected: fieldRefused('toJSON', 'unknown_field'),
    },
  ),
  ...list(
    'A27',
    {
      name: 'a value with a __proto__ member',
      build: ownValue([118, 1, ...string('__proto__'), ...any({isAdmin: true})], 'billingAddress'),
      expected: fieldRefused('billingAddress', 'invalid_value'),
    },
    {
      name: 'a __proto__ member further down',
      build: ownValue(
        [118, 1, ...string('line1'), 118, 1, ...string('__proto__'), ...any(1)],
        'billingAddress',
      ),
      expected: fieldRefused('billingAddress', 'invalid_value'),
    },
  ),
  ...list(
    'A28',
    ...(
      [
        ['NaN', any(NaN)],
        ['Infinity', any(Infinity)],
        ['a bigint', any(1n)],
        ['undefined', [127]],
        ['binary', any(new Uint8Array([1]))],
        ['negative zero', [125, 0x40]],
      ] as const
    ).map(([name, bytes]) => ({
      name: `${name} in a number`,
      build: ownValue(bytes, 'paymentTermsDays'),
      expected: fieldRefused('paymentTermsDays', 'invalid_value'),
    })),
    {
      name: 'NUL in a string',
      build: ownValue(any('Acme\0'), 'companyName'),
      expected: fieldRefused('companyName', 'invalid_value'),
    },
    {
      name: 'what is left of a lone surrogate in a string',
      build: ownValue(any('Acme\ufffd'), 'companyName'),
      expected: fieldRefused('companyName', 'invalid_value'),
    },
    {
      name: 'a lone surrogate in a string',
      build: ownValue([119, 3, 0xed, 0xa0, 0x80], 'companyName'),
      expected: refused('update_malformed'),
    },
    {
      name: 'NUL in the notes',
      build: ownItem(item({root: 'text:notes'}, chars('a\0b'))),
      expected: fieldRefused('notes', 'invalid_value'),
    },
    {
      name: 'a lone surrogate in the notes',
      build: ownItem(item({root: 'text:notes'}, {ref: 4, bytes: [3, 0xed, 0xa0, 0x80]})),
      expected: refused('update_malformed'),
    },
  ),
  ...list(
    'A31',
    {
      name: 'a state vector of 60 KB as what a delete had seen',
      build: (context) => {
        const entries = Array.from({length: 12_000}, (_, index) => [...uint(300_000 + index), 1]).flat();
        const seen = btoa(String.fromCharCode(...uint(12_000)) + bytesAsText(entries)).slice(0, 60_000);
        return ownItem(register('deletedAt', {at: 'x', seen}, context.now))(context);
      },
      expected: {kind: 'merged', reads: {displayName: 'Ada'}},
    },
    {
      name: 'a state vector that claims 2^40 entries',
      build: (context) =>
        ownItem(register('deletedAt', {at: 'x', seen: btoa(bytesAsText(uint(2 ** 40)))}, context.now))(
          context,
        ),
      expected: {kind: 'merged', reads: {displayName: 'Ada'}},
    },
  ),
  ...list(
    'A35',
    {
      name: 'a stamp a year ahead is clamped to now',
      build: (context) => ownItem(register('displayName', 'Eve', context.now + 365 * 86_400_000))(context),
      expected: {kind: 'merged', reads: {displayName: 'Eve'}},
    },
    {
      name: 'a stamp of 1970 does not win over what it had not seen',
      build: ownItem(register('displayName', 'Eve', 0)),
      expected: {kind: 'merged', reads: {displayName: 'Ada'}},
    },
    ...[-1, -1e300, 2 ** 53, 1e300, '1', null].map((at) => ({
      name: `the stamp ${String(at)}`,
      build: ownItem(item({root: 'fields', key: 'displayName'}, values([at, 'Eve']))),
      expected: fieldRefused('displayName', 'invalid_value'),
    })),
    {
      name: 'a stamp that is not a number',
      build: ownItem(item({root: 'fields', key: 'displayName'}, values([NaN, 'Eve']))),
      expected: fieldRefused('displayName', 'invalid_value'),
    },
  ),
];

const bytesAsText = (bytes: readonly number[]): string =>
  bytes.map((byte) => String.fromCharCode(byte)).join('');

export const attacks: readonly Attack[] = [...clocks, ...structure, ...others, ...encodings, ...contents];

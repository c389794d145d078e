// The layout of every frame as data, and an example of each. The page of frames reads each example by its layout,
// so a layout that is not true fails `npm run docs`.
import type {Frame} from '#crdt/protocol/frame.ts';

export type Part =
  | {readonly name: string; readonly type: 'uint' | 'int' | 'string' | 'bytes' | 'uuid' | 'flag'}
  /** A byte that says whether the parts follow. */
  | {readonly name: string; readonly type: 'optional'; readonly of: readonly Part[]}
  /** A uint that says how often the parts follow. */
  | {readonly name: string; readonly type: 'list'; readonly of: readonly Part[]}
  /** A byte that names one of the words; further parts follow some of them. */
  | {
      readonly name: string;
      readonly type: 'choice';
      readonly words: readonly string[];
      readonly then?: Readonly<Record<string, readonly Part[]>>;
    };

export interface FrameLayout<F> {
  readonly parts: readonly Part[];
  readonly example: F;
}

const uint = (name: string): Part => ({name, type: 'uint'});
const int = (name: string): Part => ({name, type: 'int'});
const string = (name: string): Part => ({name, type: 'string'});
const bytes = (name: string): Part => ({name, type: 'bytes'});
const uuid = (name: string): Part => ({name, type: 'uuid'});
const flag = (name: string): Part => ({name, type: 'flag'});
const optional = (name: string, ...of: Part[]): Part => ({name, type: 'optional', of});
const list = (name: string, ...of: Part[]): Part => ({name, type: 'list', of});
const choice = (name: string, ...words: string[]): Part => ({name, type: 'choice', words});

const recordName = [string('entity'), uuid('id')];
const notices = [
  list('conflicts', uuid('id'), list('fields', string('field'))),
  list('refused', string('field'), string('code')),
];

const tenantId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const deviceId = '00000000-0000-4000-8000-000000000001';
const taskId = '00000000-0000-4000-8000-0000000000aa';
const userId = 'c56a4180-65aa-42ec-a945-5fd21dec0538';
const conflictId = '3f2504e0-4f89-41d3-9a0c-0305e82c3301';
const task = {entity: 'tasks', id: taskId};
const cursorPrefix = 'c1.5d41402abc4b.2a76b9719d91.';
const clock = 1_795_000_000_000;
/** Client 7 sets `fields.status` to `[1795000000000, "on_hold"]`. */
const update = Uint8Array.from(
  Buffer.from('010107002801066669656c6473067374617475730175027b427a1ee565e0000077076f6e5f686f6c6400', 'hex'),
);
const stateVector = Uint8Array.of(1, 7, 1);
const noNotices = {conflicts: [], refused: []};

export const frameLayouts: {readonly [K in Frame['kind']]: FrameLayout<Extract<Frame, {kind: K}>>} = {
  hello: {
    parts: [
      uint('version'),
      string('token'),
      optional('tenantId', uuid('tenantId')),
      uuid('deviceId'),
      uint('clientId'),
      uint('clock'),
      optional('cursor', string('cursor')),
    ],
    example: {kind: 'hello', version: 1, token: 'eyJ…', tenantId, deviceId, clientId: 7, clock, cursor: null},
  },
  update: {
    parts: [uint('request'), list('updates', ...recordName, uint('generation'), bytes('bytes'))],
    example: {kind: 'update', request: 1, updates: [{...task, generation: 0, bytes: update}]},
  },
  'sync-step-1': {
    parts: [uint('request'), ...recordName, uint('generation'), bytes('stateVector')],
    example: {kind: 'sync-step-1', request: 2, ...task, generation: 0, stateVector},
  },
  token: {parts: [string('token')], example: {kind: 'token', token: 'eyJ…'}},
  ping: {parts: [uint('clock')], example: {kind: 'ping', clock}},
  welcome: {
    parts: [
      uint('version'),
      uuid('tenantId'),
      uuid('userId'),
      uuid('deviceId'),
      choice('role', 'manager', 'employee'),
      optional('employeeId', uuid('employeeId')),
      uint('position'),
      string('cursorPrefix'),
      uint('serverTime'),
      int('offset'),
      uint('tokenExpiresAt'),
      uint('frameBytesMax'),
      uint('frameUpdatesMax'),
      uint('updateBytesMax'),
      uint('inflightMax'),
      uint('idleTimeoutMs'),
    ],
    example: {
      kind: 'welcome',
      version: 1,
      tenantId,
      userId,
      deviceId,
      role: 'manager',
      employeeId: null,
      position: 0,
      cursorPrefix,
      serverTime: clock + 250,
      offset: 250,
      tokenExpiresAt: clock + 60_000,
      limits: {
        frameBytesMax: 262_144,
        frameUpdatesMax: 500,
        updateBytesMax: 65_536,
        inflightMax: 64,
        idleTimeoutMs: 60_000,
      },
    },
  },
  changes: {
    parts: [
      uint('from'),
      uint('to'),
      list(
        'records',
        ...recordName,
        uint('seq'),
        uint('generation'),
        choice('content', 'state', 'deltas'),
        list('updates', bytes('update')),
      ),
    ],
    example: {
      kind: 'changes',
      from: 41,
      to: 42,
      records: [{...task, seq: 42, generation: 0, content: 'deltas', updates: [update]}],
    },
  },
  'caught-up': {parts: [uint('position')], example: {kind: 'caught-up', position: 42}},
  ack: {
    parts: [
      list(
        'results',
        uint('request'),
        uint('index'),
        choice('outcome', 'applied', 'unchanged'),
        uint('seq'),
        ...notices,
      ),
    ],
    example: {
      kind: 'ack',
      results: [
        {
          request: 1,
          index: 0,
          outcome: 'applied',
          seq: 42,
          conflicts: [{id: conflictId, fields: ['status']}],
          refused: [],
        },
      ],
    },
  },
  reject: {
    parts: [
      uint('request'),
      uint('index'),
      string('code'),
      string('message'),
      uint('seq'),
      ...notices,
      {
        name: 'current',
        type: 'choice',
        words: ['none', 'ask', 'state'],
        then: {state: [uint('generation'), bytes('state')]},
      },
    ],
    example: {
      kind: 'reject',
      request: 1,
      index: 0,
      code: 'reset_required',
      message: 'The document was compacted.',
      seq: null,
      ...noNotices,
      current: {kind: 'state', generation: 1, state: update},
    },
  },
  need: {
    parts: [uint('request'), uint('index'), uint('generation'), bytes('stateVector')],
    example: {kind: 'need', request: 1, index: 0, generation: 0, stateVector},
  },
  retry: {
    parts: [uint('request'), uint('index'), string('code'), uint('afterMs')],
    example: {kind: 'retry', request: 1, index: 0, code: 'overloaded', afterMs: 1_000},
  },
  'sync-step-2': {
    parts: [
      uint('request'),
      optional('record', uint('seq'), uint('generation'), bytes('stateVector'), bytes('update')),
    ],
    example: {kind: 'sync-step-2', request: 2, record: {seq: 42, generation: 0, stateVector, update}},
  },
  conflict: {
    parts: [
      list('conflicts', uuid('conflictId'), uint('seq'), ...recordName, string('key'), string('entries')),
      flag('more'),
    ],
    example: {
      kind: 'conflict',
      conflicts: [{conflictId, seq: 42, ...task, key: 'status', entries: []}],
      more: false,
    },
  },
  removed: {
    parts: [uint('from'), uint('to'), list('records', ...recordName)],
    example: {kind: 'removed', from: 42, to: 43, records: [task]},
  },
  drain: {
    parts: [uint('closeInMs'), uint('reconnectAfterMs')],
    example: {kind: 'drain', closeInMs: 2_000, reconnectAfterMs: 3_500},
  },
  pong: {
    parts: [uint('clock'), uint('serverTime')],
    example: {kind: 'pong', clock, serverTime: clock + 250},
  },
  renewed: {parts: [uint('tokenExpiresAt')], example: {kind: 'renewed', tokenExpiresAt: clock + 60_000}},
};

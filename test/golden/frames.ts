// One example of every frame. frames.test.ts pins their bytes per protocol version; docs/protocol.md shows them.
import type {Frame} from '#crdt/protocol/frame.ts';

const tenantId = '11111111-1111-4111-8111-111111111111';
const userId = '22222222-2222-4222-8222-222222222222';
const deviceId = '33333333-3333-4333-8333-333333333333';
const employeeId = '44444444-4444-4444-8444-444444444444';
const id = '55555555-5555-4555-8555-555555555555';
const conflictId = '66666666-6666-4666-8666-666666666666';

/** A Yjs V1 update: client 7 sets `title` of root `fields` to `[1000, "Roof"]`. */
const update = Uint8Array.of(
  ...[1, 1, 7, 0, 40, 1, 6, 102, 105, 101, 108, 100, 115, 5, 116, 105, 116, 108, 101],
  ...[1, 117, 2, 125, 168, 15, 119, 4, 82, 111, 111, 102, 0],
);
/** The state vector after it: client 7 has one clock. */
const stateVector = Uint8Array.of(1, 7, 1);
const record = {entity: 'tasks', id};

export const exampleFrames: readonly Frame[] = [
  {
    kind: 'hello',
    version: 1,
    token: 'e30.e30.c2ln',
    tenantId,
    deviceId,
    clientId: 7,
    clock: 1_790_000_000_000,
    cursor: 'c1.0123456789ab.ba9876543210.2s',
  },
  {kind: 'update', request: 1, updates: [{...record, generation: 0, bytes: update}]},
  {kind: 'sync-step-1', request: 2, ...record, generation: 0, stateVector},
  {kind: 'token', token: 'e30.e30.c2ln'},
  {kind: 'ping', clock: 1_790_000_000_000},
  {
    kind: 'welcome',
    version: 1,
    tenantId,
    userId,
    deviceId,
    role: 'manager',
    employeeId,
    position: 100,
    cursorPrefix: 'c1.0123456789ab.ba9876543210.',
    serverTime: 1_790_000_000_250,
    offset: -250,
    tokenExpiresAt: 1_790_000_060_000,
    limits: {
      frameBytesMax: 262_144,
      frameUpdatesMax: 500,
      updateBytesMax: 65_536,
      inflightMax: 64,
      idleTimeoutMs: 60_000,
    },
  },
  {
    kind: 'changes',
    from: 100,
    to: 102,
    records: [
      {...record, seq: 101, generation: 0, content: 'deltas', updates: [update]},
      {entity: 'clients', id: employeeId, seq: 102, generation: 1, content: 'state', updates: [update]},
    ],
  },
  {kind: 'caught-up', position: 102},
  {
    kind: 'ack',
    results: [
      {
        request: 1,
        index: 0,
        outcome: 'applied',
        seq: 101,
        conflicts: [{id: conflictId, fields: ['title']}],
        refused: [{field: 'priority', code: 'invalid_value'}],
      },
      {request: 1, index: 1, outcome: 'unchanged', seq: null, conflicts: [], refused: []},
    ],
  },
  {
    kind: 'reject',
    request: 1,
    index: 0,
    code: 'update_foreign_client',
    message: 'The update adds items under a client id of another device.',
    seq: null,
    conflicts: [],
    refused: [],
    current: {kind: 'state', generation: 0, state: update},
  },
  {kind: 'need', request: 1, index: 0, generation: 0, stateVector},
  {kind: 'retry', request: 1, index: 0, code: 'overloaded', afterMs: 1_000},
  {kind: 'sync-step-2', request: 2, record: {seq: 101, generation: 0, stateVector, update}},
  {
    kind: 'conflict',
    conflicts: [
      {
        conflictId,
        seq: 101,
        ...record,
        key: 'title',
        entries: [
          {
            field: 'title',
            base: 'Roof',
            winner: {
              field: 'title',
              value: 'Gutter',
              device: deviceId,
              user: userId,
              at: 2_000,
              eff: 2_000,
              writeId: '0.7.1',
            },
            loser: {
              field: 'title',
              value: 'Chimney',
              device: employeeId,
              user: userId,
              at: 1_000,
              eff: 1_000,
              writeId: '0.9.0',
            },
          },
        ],
      },
    ],
    more: false,
  },
  {kind: 'removed', from: 102, to: 103, records: [record]},
  {kind: 'drain', closeInMs: 250, reconnectAfterMs: 1_750},
  {kind: 'pong', clock: 1_790_000_000_000, serverTime: 1_790_000_000_250},
  {kind: 'renewed', tokenExpiresAt: 1_790_000_120_000},
];

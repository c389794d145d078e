// The layout of every frame as data. The page of frames reads the golden example of each by its layout, so one that
// is not true fails `npm run docs`.
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

/** Parts behind the byte of the kind, in order. */
export const frameLayouts: Readonly<Record<Frame['kind'], readonly Part[]>> = {
  hello: [
    uint('version'),
    string('token'),
    optional('tenantId', uuid('tenantId')),
    uuid('deviceId'),
    uint('clientId'),
    uint('clock'),
    optional('cursor', string('cursor')),
  ],
  update: [uint('request'), list('updates', ...recordName, uint('generation'), bytes('bytes'))],
  'sync-step-1': [uint('request'), ...recordName, uint('generation'), bytes('stateVector')],
  token: [string('token')],
  ping: [uint('clock')],
  welcome: [
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
  changes: [
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
  'caught-up': [uint('position')],
  ack: [
    list(
      'results',
      uint('request'),
      uint('index'),
      choice('outcome', 'applied', 'unchanged'),
      uint('seq'),
      ...notices,
    ),
  ],
  reject: [
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
  need: [uint('request'), uint('index'), uint('generation'), bytes('stateVector')],
  retry: [uint('request'), uint('index'), string('code'), uint('afterMs')],
  'sync-step-2': [
    uint('request'),
    optional('record', uint('seq'), uint('generation'), bytes('stateVector'), bytes('update')),
  ],
  conflict: [
    list('conflicts', uuid('conflictId'), uint('seq'), ...recordName, string('key'), string('entries')),
    flag('more'),
  ],
  removed: [uint('from'), uint('to'), list('records', ...recordName)],
  drain: [uint('closeInMs'), uint('reconnectAfterMs')],
  pong: [uint('clock'), uint('serverTime')],
  renewed: [uint('tokenExpiresAt')],
};

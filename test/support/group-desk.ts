// Groups decided in memory, on records that no database has: who writes, what they write, and what became of it.
import {randomUUID} from 'node:crypto';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonChange} from '#crdt/change.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {emptyRecord, settleSeqs} from '#crdt/record.ts';
import type {WriterAccess} from '#db/access.ts';
import {
  decideGroup,
  type GroupDecision,
  type GroupInput,
  type WorkingRecord,
} from '#server/sync/decide-group.ts';
import type {Submission} from '#server/sync/submission.ts';
import {createReplica, jsonSubmission, type Author} from './submissions.ts';

const writer = (role: WriterAccess['role'], employeeId: string | null): WriterAccess & Author => ({
  tenantId: 'tenant' as TenantId,
  userId: randomUUID(),
  deviceId: randomUUID(),
  role,
  employeeId,
});
export const manager = writer('manager', null);
export const ana = writer('employee', randomUUID());
export const bo = writer('employee', randomUUID());
export const stranger = writer('manager', null);

export type Key = Pick<JsonChange, 'entity' | 'id'>;
export const newKey = (entity: Key['entity'] = 'tasks'): Key => ({entity, id: randomUUID()});
const nameOf = ({entity, id}: Key): string => `${entity}/${id}`;

export function submission(
  {tenantId, userId, deviceId}: Author,
  change: Submission['change'],
  more: Partial<Submission> = {},
): Submission {
  return {tenantId, userId, deviceId, change, now: Date.now(), offset: 0, changeId: null, ...more};
}

type Edit = Partial<Submission> & Partial<Pick<JsonChange, 'op' | 'at' | 'base'>>;

export function edit(
  by: Author,
  key: Key,
  payload: JsonChange['payload'],
  {op = 'upsert', at = Date.now(), base = {kind: 'current'}, ...more}: Edit = {},
): Submission {
  return {...jsonSubmission(by, {...key, payload, op, at, base, named: false}), ...more};
}

/** What a device of its own writes in one step; `after`: in a step that is not sent. */
export function update(
  by: Author,
  key: Key,
  {write, after = {}, ...more}: Partial<Submission> & {write: object; after?: object},
): Submission {
  const replica = createReplica(by, key);
  const setAll = (values: object): Submission =>
    replica.edit((doc) => {
      for (const [name, value] of Object.entries(values)) doc.getMap('fields').set(name, [Date.now(), value]);
    });
  setAll(after);
  return {...setAll(write), ...more};
}

/** Records that groups are decided on, one group after the other. */
export function openDesk() {
  const records = new Map<string, WorkingRecord>();
  const recordOf = (key: Key): WorkingRecord => {
    const known = records.get(nameOf(key));
    if (known !== undefined) return known;
    const working: WorkingRecord = {
      record: emptyRecord(entities[key.entity], key.id, SERVER_CLIENT_ID_MIN + 1),
      isNew: true,
      version: 0,
      seq: null,
      loadedState: Uint8Array.of(0, 0),
      deltas: [],
      changedFields: new Set(),
      place: 0,
    };
    records.set(nameOf(key), working);
    return working;
  };
  let seq = 0;
  const decide = (submissions: readonly Submission[], more: Partial<GroupInput> = {}): GroupDecision => {
    const decision = decideGroup({
      submissions,
      recordOf: ({change}) => recordOf(change),
      memberOf: ({approval, userId}) =>
        [manager, ana, bo].find((one) => one.userId === (approval?.by.userId ?? userId)),
      isGranted: () => false,
      readCursor: () => null,
      ownerOf: ({owner}) => recordOf(owner),
      storage: null,
      isOpen: () => true,
      ...more,
    });
    for (const {record} of records.values()) settleSeqs(record, seq);
    seq += decision.logged.length;
    return decision;
  };
  return {recordOf, decide};
}

/** Of each change what became of it, in a word or two. */
export const wordsOf = ({decided}: GroupDecision): string[] =>
  decided.map(({outcome}) =>
    outcome.kind === 'done' ? (outcome.error?.code ?? outcome.status) : outcome.kind,
  );

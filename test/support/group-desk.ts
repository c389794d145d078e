// Groups decided in memory, on records that no database has: who writes, what they write, and what became of it.
import {randomUUID} from 'node:crypto';
import * as Y from 'yjs';
import {entities} from '#crdt/entities/registry.ts';
import type {JsonChange} from '#crdt/change.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {emptyRecord, settleSeqs} from '#crdt/record.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import type {WriterAccess} from '#db/access.ts';
import {
  decideGroup,
  type GroupDecision,
  type GroupInput,
  type WorkingRecord,
} from '#server/sync/decide-group.ts';
import type {Submission} from '#server/sync/submission.ts';

const writer = (role: WriterAccess['role'], employeeId: string | null): WriterAccess => ({
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
  by: WriterAccess,
  change: Submission['change'],
  more: Partial<Submission> = {},
): Submission {
  const {userId, deviceId} = by;
  return {
    tenantId: 'tenant' as TenantId,
    userId,
    deviceId,
    change,
    now: Date.now(),
    offset: 0,
    changeId: null,
    ...more,
  };
}

export interface Edit extends Partial<Submission> {
  readonly op?: JsonChange['op'];
}

export function edit(
  by: WriterAccess,
  key: Key,
  payload: JsonChange['payload'],
  {op, ...more}: Edit = {},
): Submission {
  const [changeId, at] = [randomUUID(), Date.now()];
  const common = {kind: 'json' as const, changeId, at, base: {kind: 'current' as const}};
  return submission(by, {...common, ...key, op: op ?? 'upsert', payload}, more);
}

/** What a device of its own writes in one step; `after`: in steps that are not sent. */
export function update(
  by: WriterAccess,
  key: Key,
  {write, after = {}, ...more}: Partial<Submission> & {write: object; after?: object},
): Submission {
  const doc = new Y.Doc();
  const fields = doc.getMap('fields');
  for (const [name, value] of Object.entries(after)) fields.set(name, [Date.now(), value]);
  const before = Y.encodeStateVector(doc);
  doc.transact(() => {
    for (const [name, value] of Object.entries(write)) fields.set(name, [Date.now(), value]);
  });
  const parsed = parseUpdate(Y.encodeStateAsUpdate(doc, before));
  if (!parsed.ok) throw new Error(parsed.message);
  const ownClients = new Set([doc.clientID]);
  return submission(by, {kind: 'update', ...key, generation: 0, update: parsed.update, ownClients}, more);
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

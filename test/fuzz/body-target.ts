// REST bodies through the parsers of the routes, and pushed changes on through the merge: whatever is taken leaves the
// record sound, whatever is refused leaves it alone.
import {isDeepStrictEqual} from 'node:util';
import * as Y from 'yjs';
import type {z} from 'zod';
import {applyChange} from '#crdt/apply-change.ts';
import type {Actor, Change, ChangeOutcome} from '#crdt/change.ts';
import {entities} from '#crdt/entities/registry.ts';
import {flattenDocument} from '#crdt/flatten.ts';
import {completeRequest, presignUploadRequest} from '#crdt/protocol/attachments.ts';
import {resolveRequest} from '#crdt/protocol/conflicts.ts';
import {sendRequest} from '#crdt/protocol/deliveries.ts';
import {SyncError} from '#crdt/protocol/error-code.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {roleBody} from '#crdt/protocol/members.ts';
import {pushEnvelope} from '#crdt/protocol/push.ts';
import {discardRequest} from '#crdt/protocol/quarantine.ts';
import {recordBody} from '#crdt/protocol/records.ts';
import {emptyRecord, fieldsOf, settleSeqs, type RecordState} from '#crdt/record.ts';
import {PENDING_SEQ} from '#crdt/write.ts';
import {readJsonBody} from '#server/rest/json-body.ts';
import {activateBody} from '#server/sync/activation.ts';
import {inviteBody} from '#server/sync/invitations.ts';
import {readPushChange, type ReadChange} from '#server/sync/push-change.ts';
import {faultsByField} from '#server/sync/schema-faults.ts';
import {createTenantBody} from '#server/sync/tenants.ts';
import type {Random} from '#test/support/random.ts';
import {honestFields, honestPush, spell, writtenEntities, type WrittenEntity} from './body-maker.ts';
import {createSeeds, damage} from './damage.ts';
import {demand, type Target, type Verdict} from './target.ts';

const id = '7d9b1c1e-0000-4000-8000-000000000001';
const deviceId = '33333333-3333-4333-8333-333333333333';
const START = Date.UTC(2026, 0, 1);

/** Bodies of routes other than the push, each with an honest one. */
const bodies: readonly (readonly [z.ZodType, unknown])[] = [
  [createTenantBody, {name: 'Example Services'}],
  [inviteBody, {email: 'ana@example.com', role: 'employee', employeeId: id}],
  [activateBody, {deviceId, inviteCode: 'ABCD-EFGH'}],
  [roleBody, {role: 'manager'}],
  [resolveRequest, {resolution: 'restore', fields: {title: 'Roof', 'tags/vip': true}, note: 'ok'}],
  [discardRequest, {note: 'Not ours'}],
  [sendRequest, {channels: ['email', 'sms']}],
  [completeRequest, {id}],
  [
    presignUploadRequest,
    {
      id,
      ownerType: 'tasks',
      ownerId: id,
      kind: 'photo',
      fileName: 'a.jpg',
      mimeType: 'image/jpeg',
      sizeBytes: 9,
    },
  ],
];

// Node loads what stands behind it at its first use, which is not the first input's doing.
new Request('http://test');

/** A record, who writes to it, and how often it changed. */
interface Desk {
  readonly record: RecordState;
  readonly actor: Actor;
  state: Uint8Array;
  seq: number;
  now: number;
}

function openDesk(entity: WrittenEntity, random: Random): Desk {
  const record = emptyRecord(entities[entity], id, SERVER_CLIENT_ID_MIN + 5);
  const role = random.pick(['manager', 'manager', 'employee'] as const);
  const actor: Actor = {userId: 'user', deviceId, role, employeeId: id, sees: () => true};
  return {record, actor, state: Y.encodeStateAsUpdate(record.doc), seq: 0, now: START};
}

export const requestBodies: Target = {
  name: 'request bodies',
  isPure: false,
  begin(random) {
    const entity = random.pick(writtenEntities);
    const desk = openDesk(entity, random);
    const encoder = new TextEncoder();
    const facts = {
      entity,
      entityId: id,
      deviceId,
      now: START,
      cursors: ['c1.x.y.0'],
      updates: [honestUpdate(random)],
    };
    const makePush = (): Uint8Array => encoder.encode(spell(honestPush(facts, random), random));
    const seeds = createSeeds([makePush(), makePush()], random);
    let other: z.ZodType | null = null;
    return {
      make() {
        other = null;
        if (random.chance(0.25)) {
          const [schema, body] = random.pick([
            ...bodies,
            [recordBody, honestFields(entity, random)] as const,
          ]);
          other = schema;
          return encoder.encode(spell(body, random));
        }
        const bytes = random.chance(0.7) ? makePush() : seeds.pick();
        return random.chance(0.8) ? bytes : damage(bytes, seeds.pick(), random);
      },
      async offer(input) {
        const body = await readBody(input);
        if (!body.ok) return {accepted: false, word: body.code};
        const verdict = other === null ? offerPush(desk, body.value) : offerTo(other, body.value);
        if (other === null) seeds.note(input, verdict.word);
        return verdict;
      },
      finish: () => demandSound(desk),
    };
  },
};

/** One edit by a stock document, in base64. */
function honestUpdate(random: Random): string {
  const doc = new Y.Doc();
  doc.clientID = 100;
  doc.getMap('fields').set(random.pick(['title', 'displayName', 'name']), [START, 'Made elsewhere']);
  return Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64');
}

async function readBody(
  input: Uint8Array,
): Promise<{readonly ok: true; readonly value: unknown} | {readonly ok: false; readonly code: string}> {
  const headers = {'content-type': 'application/json'};
  try {
    const request = new Request('http://test', {method: 'POST', headers, body: new Uint8Array(input)});
    return {ok: true, value: await readJsonBody(request)};
  } catch (error) {
    if (error instanceof SyncError) return {ok: false, code: error.code};
    throw error;
  }
}

function offerTo(schema: z.ZodType, value: unknown): Verdict {
  const read = schema.safeParse(value);
  if (read.success) return {accepted: true, word: 'read'};
  return {accepted: false, word: JSON.stringify(faultsByField(read.error)).slice(0, 80)};
}

function offerPush(desk: Desk, value: unknown): Verdict {
  const read = pushEnvelope.safeParse(value);
  if (!read.success) return {accepted: false, word: Object.keys(faultsByField(read.error)).join()};
  const outcomes = read.data.changes.map((raw) => applyOne(desk, readPushChange(raw, deviceId)));
  return {
    accepted: outcomes.some(({isTaken}) => isTaken),
    word: outcomes.map(({word}) => word).join(),
    verify: () => demandSound(desk),
  };
}

function applyOne(desk: Desk, read: ReadChange): {word: string; isTaken: boolean} {
  if (!read.ok) return {word: read.error.code, isTaken: false};
  const {record, actor} = desk;
  // Of another record: somebody else's business.
  if (read.change.entity !== record.entity.name || read.change.id !== id)
    return {word: 'elsewhere', isTaken: false};
  desk.now += 1_000;
  const outcome = applyChange(record, changeOf(read.change, desk), {
    actor,
    now: desk.now,
    offset: 0,
    seq: PENDING_SEQ,
    readCursor: () => null,
  });
  if (outcome.kind !== 'done') return {word: outcome.kind, isTaken: false};
  settle(desk, outcome);
  return {word: outcome.error?.code ?? outcome.status, isTaken: outcome.status !== 'rejected'};
}

/** What was refused whole leaves the document as it was. */
function settle(desk: Desk, outcome: Extract<ChangeOutcome, {kind: 'done'}>): void {
  const {record} = desk;
  if (outcome.changed) settleSeqs(record, ++desk.seq);
  const state = Y.encodeStateAsUpdate(record.doc);
  demand(outcome.changed || isDeepStrictEqual(state, desk.state), 'what was refused changed the document');
  desk.state = state;
}

function changeOf(change: Extract<ReadChange, {ok: true}>['change'], {seq}: Desk): Change {
  const {entity, id: recordId, changeId, at} = change;
  if (change.kind === 'yjs') {
    const {generation, update} = change;
    return {kind: 'update', entity, id: recordId, generation, update, ownClients: new Set([100])};
  }
  const {op, payload, base} = change;
  const seen =
    typeof base === 'string' ? {kind: 'current' as const} : {kind: 'cursor' as const, seq: seq >> 1};
  return {kind: 'json', op, entity, id: recordId, changeId, at, base: seen, payload};
}

function demandSound({record}: Desk): void {
  const {doc, entity} = record;
  const loaded = new Y.Doc();
  Y.applyUpdate(loaded, Y.encodeStateAsUpdate(doc));
  demand(
    loaded.store.pendingStructs === null && loaded.store.pendingDs === null,
    'something is left pending',
  );
  const remembered = fieldsOf(record);
  demand(
    isDeepStrictEqual(flattenDocument(entity, doc).fields, remembered),
    'the document shows something else',
  );
  demand(
    isDeepStrictEqual(flattenDocument(entity, loaded).fields, remembered),
    'the document shows something else after it was stored and loaded',
  );
}

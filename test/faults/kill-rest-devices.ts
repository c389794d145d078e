// Devices of the kill test that push over REST: one with JSON fields, one with Yjs updates.
import {randomUUID} from 'node:crypto';
import * as Y from 'yjs';
import type {PushResponse, PushResult} from '#crdt/protocol/push.ts';
import {randomClientId} from '#test/support/live-device.ts';
import {tokenOf, type KillWrite} from './kill-journal.ts';
import {LoadFailed, type Sender, type SenderDeps} from './kill-sender.ts';

const ANSWER_MS_MAX = 15_000;
/** Told of the server, not of the change. */
const passing: ReadonlySet<string> = new Set(['overloaded', 'not_ready', 'internal']);

async function push(
  {task, deviceId, serverUrl}: SenderDeps,
  changes: readonly object[],
): Promise<readonly PushResult[]> {
  const response = await fetch(`${serverUrl()}/v1/sync/push`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${task.token}`,
      'x-tenant-id': task.tenantId,
      'content-type': 'application/json',
    },
    body: JSON.stringify({deviceId, changes}),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  if (response.status >= 500 || response.status === 429) throw new Error(`Answered ${response.status}`);
  const body: unknown = await response.json();
  if (response.status !== 200) throw new LoadFailed(`${response.status} ${JSON.stringify(body)}`);
  return (body as PushResponse).results;
}

function acknowledge(write: KillWrite, result: PushResult): void {
  write.acked = true;
  write.seq = result.seq ?? null;
  write.conflicts = (result.conflicts ?? []).map(({id}) => id);
}

export function createJsonSender(deps: SenderDeps): Sender {
  const changes = new Map<KillWrite, object>();
  return {
    prepare(write) {
      changes.set(write, {
        // Every other change is named by the device, the others by what they say.
        ...(write.number % 4 < 2 ? {changeId: randomUUID()} : {}),
        op: 'upsert',
        entity: 'tasks',
        entityId: write.record,
        clientUpdatedAt: new Date().toISOString(),
        payload: {title: write.name, notes: {append: tokenOf(write)}},
      });
    },
    async send(writes) {
      const results = await push(
        deps,
        writes.map((write) => changes.get(write) ?? {}),
      );
      for (const [index, write] of writes.entries()) {
        const result = results[index];
        if (result === undefined || passing.has(result.error?.code ?? '')) continue;
        if (result.status === 'rejected') throw new LoadFailed(`${write.name} ${JSON.stringify(result)}`);
        acknowledge(write, result);
        changes.delete(write);
      }
    },
  };
}

interface Replica {
  readonly doc: Y.Doc;
  readonly generation: number;
}

interface PendingUpdate {
  readonly bytes: Uint8Array;
  readonly generation: number;
}

/** Writes over what its own copy shows; it never reads others' changes but where the server sends it a state. */
export function createYjsSender(deps: SenderDeps): Sender {
  const clientId = randomClientId();
  const replicas = new Map<string, Replica>();
  const pending = new Map<KillWrite, PendingUpdate>();

  const edit = (write: KillWrite): void => {
    const replica = replicas.get(write.record) ?? {doc: newDocument(clientId), generation: 0};
    replicas.set(write.record, replica);
    const {doc, generation} = replica;
    pending.set(write, {bytes: editOf(doc, write), generation});
    write.item = {generation, client: clientId, clock: Y.getState(doc.store, clientId)};
  };

  /** Starts over from the server's state; what it shows already is durable. */
  const startOver = (write: KillWrite, current: {state: string; generation: number}): void => {
    const doc = newDocument(clientId);
    Y.applyUpdate(doc, Buffer.from(current.state, 'base64'));
    replicas.set(write.record, {doc, generation: current.generation});
    for (const other of [...pending.keys()].filter(({record}) => record === write.record)) {
      if (hasToken(doc, other)) other.acked = true;
      else edit(other);
    }
  };

  return {
    prepare: edit,
    async send(writes) {
      const sent = writes.map((write) => pending.get(write));
      const results = await push(
        deps,
        sent.map((update, index) => ({
          op: 'upsert',
          entity: 'tasks',
          entityId: writes[index]?.record,
          clientUpdatedAt: new Date().toISOString(),
          encoding: 'yjs',
          payload: Buffer.from(update?.bytes ?? []).toString('base64'),
          generation: update?.generation,
        })),
      );
      for (const [index, write] of writes.entries()) {
        const {status, error} = results[index] ?? {};
        // Made anew for another document since it was sent.
        if (pending.get(write) !== sent[index]) continue;
        if (status === 'applied' || status === 'unchanged') {
          acknowledge(write, results[index]!);
          pending.delete(write);
        } else if (error?.code === 'reset_required' && error.state !== undefined) {
          startOver(write, {state: error.state, generation: error.generation ?? 0});
        } else if (error?.code === 'missing_dependency') {
          sendFrom(pending, write, {
            replica: replicas.get(write.record),
            stateVector: error.stateVector ?? '',
          });
        } else if (!passing.has(error?.code ?? '') && error?.code !== 'reset_required') {
          throw new LoadFailed(`${write.name} ${JSON.stringify(results[index])}`);
        }
      }
    },
  };
}

/** An update may overtake the one it builds on, if that one's group failed: then all that is missing goes. */
function sendFrom(
  pending: Map<KillWrite, PendingUpdate>,
  write: KillWrite,
  {replica, stateVector}: {replica: Replica | undefined; stateVector: string},
): void {
  if (replica === undefined) return;
  const bytes = Y.encodeStateAsUpdate(replica.doc, Buffer.from(stateVector, 'base64'));
  pending.set(write, {bytes, generation: replica.generation});
}

function newDocument(clientId: number): Y.Doc {
  const doc = new Y.Doc({gc: false});
  doc.clientID = clientId;
  return doc;
}

export const hasToken = (doc: Y.Doc, write: KillWrite): boolean =>
  doc.getText('text:notes').toJSON().includes(tokenOf(write));

/** What the write adds, as an update of its own. */
function editOf(doc: Y.Doc, write: KillWrite): Uint8Array {
  const before = Y.encodeStateVector(doc);
  doc.transact(() => writeInto(doc, write));
  return Y.encodeStateAsUpdate(doc, before);
}

export function writeInto(doc: Y.Doc, write: KillWrite): void {
  doc.getMap('fields').set('title', [Date.now(), write.name]);
  const notes = doc.getText('text:notes');
  notes.insert(notes.length, tokenOf(write));
}

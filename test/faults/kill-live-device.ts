// A device of the kill test on the socket: reconnects with its cursor, and sends what was not acknowledged again.
import * as Y from 'yjs';
import type {RecordUpdate} from '#crdt/protocol/update.ts';
import {LiveDevice, randomClientId, type Answer, type Copy} from '#test/support/live-device.ts';
import type {KillWrite} from './kill-journal.ts';
import {LoadFailed, type Sender, type SenderDeps} from './kill-sender.ts';
import {hasToken, writeInto} from './kill-rest-devices.ts';

const ENTITY = 'tasks';
const ANSWER_MS_MAX = 15_000;

export function createLiveSender({task, deviceId, serverUrl}: SenderDeps): Sender {
  const clientId = randomClientId();
  const records = new Map<string, Copy>();
  const pending = new Map<KillWrite, RecordUpdate>();
  let device: LiveDevice | null = null;
  let cursor: string | null = null;

  const connected = async (): Promise<LiveDevice> => {
    if (device !== null && device.closed === null) return device;
    const opened = await LiveDevice.connect({
      url: serverUrl().replace('http', 'ws'),
      token: task.token,
      tenantId: task.tenantId,
      deviceId,
      clientId,
      cursor,
      records,
      keepFrames: false,
    });
    if (opened.welcome === null) throw new Error(`Not welcomed: ${opened.closed?.code}`);
    if (opened.holes > 0) throw new LoadFailed('a frame did not link to the one before');
    device = opened;
    await opened.live();
    return opened;
  };

  const copyOf = (id: string): Copy => {
    let copy = records.get(`${ENTITY}/${id}`);
    if (copy === undefined) {
      copy = {doc: newDocument(clientId), generation: 0, seq: 0};
      records.set(`${ENTITY}/${id}`, copy);
    }
    return copy;
  };

  const edit = (write: KillWrite): void => {
    const {doc, generation} = copyOf(write.record);
    const made: Uint8Array[] = [];
    const note = (update: Uint8Array): void => void made.push(update);
    doc.on('update', note);
    doc.transact(() => writeInto(doc, write));
    doc.off('update', note);
    pending.set(write, {entity: ENTITY, id: write.record, generation, bytes: Y.mergeUpdates(made)});
    write.item = {generation, client: clientId, clock: Y.getState(doc.store, clientId)};
  };

  /** A copy that began anew under a higher generation: what it does not show is written again. */
  const renew = (write: KillWrite): void => {
    const {doc, generation} = copyOf(write.record);
    if (pending.get(write)?.generation === generation) return;
    if (hasToken(doc, write)) {
      write.acked = true;
      write.item = null;
    } else edit(write);
  };

  const take = (write: KillWrite, answer: Answer): void => {
    switch (answer.kind) {
      case 'ack':
        write.acked = true;
        write.seq = answer.seq;
        write.conflicts = answer.conflicts.map(({id}) => id);
        pending.delete(write);
        break;
      case 'need': {
        const {doc, generation} = copyOf(write.record);
        const bytes = Y.encodeStateAsUpdate(doc, answer.stateVector);
        pending.set(write, {entity: ENTITY, id: write.record, generation, bytes});
        break;
      }
      case 'reject':
        if (answer.code !== 'reset_required') throw new LoadFailed(`${write.name} ${answer.code}`);
        if (answer.current.kind === 'state') {
          const {generation, state} = answer.current;
          const copy = copyOf(write.record);
          if (generation > copy.generation) {
            copy.doc = newDocument(clientId);
            copy.generation = generation;
          }
          Y.applyUpdate(copy.doc, state);
        }
        break;
      case 'retry':
        break;
    }
  };

  return {
    prepare: edit,
    async send(writes) {
      const live = await connected();
      for (const write of writes) renew(write);
      const open = writes.filter(({acked}) => !acked);
      const updates = open.flatMap((write) => pending.get(write) ?? []);
      if (updates.length === 0) return;
      const request = live.sendUpdates(updates);
      const timer = setTimeout(() => live.ws.terminate(), ANSWER_MS_MAX);
      try {
        await live.answered(request, updates.length);
      } finally {
        clearTimeout(timer);
        cursor = live.cursor;
        for (const [index, answer] of live.answers.get(request) ?? []) take(open[index]!, answer);
        live.answers.delete(request);
      }
    },
  };
}

function newDocument(clientId: number): Y.Doc {
  const doc = new Y.Doc({gc: false});
  doc.clientID = clientId;
  return doc;
}

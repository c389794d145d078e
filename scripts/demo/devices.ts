// The three devices. Two are plain Yjs documents: one on the unmodified y-websocket provider, one that pushes its
// updates over REST. The third knows JSON only. None shares code with the server.
import {randomUUID} from 'node:crypto';
import {WebSocket} from 'ws';
import {WebsocketProvider} from 'y-websocket';
import * as Y from 'yjs';
import {pushOne, type Api, type Pulled, type PushedResult} from './api.ts';
import {claim, eventually} from './claims.ts';
import {taskOfDocument, taskOfJson, type ChecklistItem, type Task} from './task.ts';

export interface Device {
  /** What it shows now, offline or not. */
  show(): Task;
  goOnline(): Promise<void>;
  goOffline(): Promise<void>;
}

/** A device whose task is a Yjs document. `at`: its clock at the edit, ms. */
export interface YjsDevice extends Device {
  setField(name: string, value: unknown, at: number): void;
  setItem(item: ChecklistItem, at: number): void;
  addNote(text: string): void;
}

const yjsEdits = (doc: Y.Doc): Omit<YjsDevice, keyof Device> & Pick<Device, 'show'> => ({
  show: () => taskOfDocument(doc),
  setField: (name, value, at) => doc.getMap('fields').set(name, [at, value]),
  setItem: ({id, ...value}, at) => doc.getMap('items:checklist').set(id, [at, value]),
  addNote(text) {
    const notes = doc.getText('text:notes');
    notes.insert(notes.length, text);
  },
});

export interface Place {
  readonly url: string;
  readonly token: string;
  readonly tenant: string;
  readonly device: string;
  readonly taskId: string;
}

/** Online, the provider keeps the document in step by itself. */
export function createProviderDevice({url, token, tenant, device, taskId}: Place): YjsDevice {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${url.replace('http', 'ws')}/v1/sync/yjs`, `tasks/${taskId}`, doc, {
    connect: false,
    // Two providers in one process would talk past the server.
    disableBc: true,
    params: {token, tenant, device},
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  return {
    ...yjsEdits(doc),
    async goOnline() {
      provider.connect();
      await eventually('the provider is in step', () => provider.synced, Boolean);
    },
    async goOffline() {
      provider.disconnect();
      await eventually(
        'the provider is offline',
        () => provider.wsconnected,
        (connected) => !connected,
      );
    },
  };
}

interface PulledDocument {
  readonly update: string;
  readonly generation: number;
}

/** Online once at a time: pushes what it wrote, then pulls. */
export function createPushDevice(api: Api, {device, taskId}: Pick<Place, 'device' | 'taskId'>): YjsDevice {
  const doc = new Y.Doc();
  const outbox: Uint8Array[] = [];
  let generation = 0;
  doc.on('update', (update, origin) => {
    if (origin !== 'server') outbox.push(update);
  });
  return {
    ...yjsEdits(doc),
    async goOnline() {
      const updates = outbox.splice(0);
      if (updates.length > 0) {
        const change = {
          op: 'upsert',
          entity: 'tasks',
          entityId: taskId,
          clientUpdatedAt: new Date().toISOString(),
          encoding: 'yjs',
          generation,
          payload: Buffer.from(Y.mergeUpdates(updates)).toString('base64'),
        };
        await pushOne(api, device, {change, clientId: doc.clientID});
      }
      const {changes} = await api.get<Pulled>('/v1/sync/pull?encoding=yjs');
      const payload = changes.find(({entityId}) => entityId === taskId)?.payload as
        PulledDocument | undefined;
      claim('the pull holds the task', payload !== undefined, changes);
      generation = payload.generation;
      Y.applyUpdate(doc, Buffer.from(payload.update, 'base64'), 'server');
    },
    goOffline: () => Promise.resolve(),
  };
}

export interface JsonDevice extends Device {
  /** Changes that wait for `goOnline`. `at`: its clock at the edit, ms. */
  edit(fields: Readonly<Record<string, unknown>>, at: number): void;
  /** Of the last push. */
  readonly results: readonly PushedResult[];
}

/** Needs nothing but fetch: it names the cursor it had pulled when its user made the edit. */
export function createJsonDevice(api: Api, {device, taskId}: Pick<Place, 'device' | 'taskId'>): JsonDevice {
  const outbox: Record<string, unknown>[] = [];
  const results: PushedResult[] = [];
  let cursor: string | undefined;
  let shown: Task | undefined;
  return {
    results,
    show() {
      claim('the JSON device has pulled the task', shown !== undefined);
      return shown;
    },
    edit(fields, at) {
      outbox.push({
        changeId: randomUUID(),
        op: 'upsert',
        entity: 'tasks',
        entityId: taskId,
        clientUpdatedAt: new Date(at).toISOString(),
        ...(cursor === undefined ? {} : {base: cursor}),
        payload: fields,
      });
    },
    async goOnline() {
      for (const change of outbox.splice(0)) results.push(await pushOne(api, device, {change}));
      const since = cursor === undefined ? '' : `?since=${encodeURIComponent(cursor)}`;
      const pulled = await api.get<Pulled>(`/v1/sync/pull${since}`);
      cursor = pulled.nextCursor;
      const change = pulled.changes.find(({entityId}) => entityId === taskId);
      if (change !== undefined) shown = taskOfJson(change.payload);
    },
    goOffline: () => Promise.resolve(),
  };
}

// One task on a server and a few stock Yjs documents beside it, for tests that tell one short story each.
import * as Y from 'yjs';
import {applyChange} from '#crdt/apply-change.ts';
import type {Applied, Base, ChangeOutcome} from '#crdt/change.ts';
import {tasks} from '#crdt/entities/tasks.ts';
import type {JsonObject, JsonValue} from '#crdt/json.ts';
import {SERVER_CLIENT_ID_MIN} from '#crdt/protocol/limits.ts';
import {deletedAtOf, emptyRecord, fieldsOf, settleSeqs, type RecordState} from '#crdt/record.ts';
import {parseUpdate} from '#crdt/update-reader.ts';
import {PENDING_SEQ} from '#crdt/write.ts';

/** Server clock at the beginning, ms. */
export const NOON = Date.UTC(2026, 0, 1, 12);

export interface Pen {
  readonly device: string;
  doc: Y.Doc;
  readonly clients: Set<number>;
  /** Every transaction's bytes as captured. */
  readonly captured: Uint8Array[];
}

export interface Scene {
  readonly record: RecordState;
  /** Server clock, ms; every arrival is a second later. */
  now: number;
  seq: number;
}

export const createScene = (): Scene => ({
  record: emptyRecord(tasks, '00000000-0000-4000-8000-000000000001', SERVER_CLIENT_ID_MIN),
  now: NOON,
  seq: 0,
});

/** A document of its own under this client id; `gc: false` keeps deleted content. */
export function createPen(device: string, clientId: number, {gc = true}: {gc?: boolean} = {}): Pen {
  const doc = new Y.Doc({gc});
  doc.clientID = clientId;
  const captured: Uint8Array[] = [];
  doc.on('update', (bytes: Uint8Array, origin: unknown) => {
    if (origin !== 'server') captured.push(bytes);
  });
  return {device, doc, clients: new Set([clientId]), captured};
}

export const write = (pen: Pen, key: string, value: JsonValue, at: number): void => {
  pen.doc.getMap('fields').set(key, [at, value]);
};

/** Decides a change and settles its position at once. */
function decide(
  scene: Scene,
  device: string,
  change: Parameters<typeof applyChange>[1] | {bytes: Uint8Array; ownClients: ReadonlySet<number>},
): ChangeOutcome {
  scene.now += 1_000;
  const {record} = scene;
  const common = {entity: 'tasks' as const, id: record.id};
  const parsed = 'bytes' in change ? parseUpdate(change.bytes) : null;
  if (parsed?.ok === false) throw new Error(parsed.message);
  const made =
    'bytes' in change && parsed !== null
      ? {
          ...common,
          kind: 'update' as const,
          generation: record.generation,
          update: parsed.update,
          ownClients: change.ownClients,
        }
      : (change as Parameters<typeof applyChange>[1]);
  const outcome = applyChange(record, made, {
    actor: {userId: `user-of-${device}`, deviceId: device, role: 'manager', employeeId: null},
    now: scene.now,
    offset: 0,
    seq: PENDING_SEQ + 1,
    readCursor: (text) => (/^c\d+$/.test(text) ? Number(text.slice(1)) : null),
  });
  settleSeqs(record, scene.seq);
  if (outcome.kind === 'done' && outcome.changed) scene.seq++;
  return outcome;
}

/** Sends an update; the answer as it is. */
export const send = (scene: Scene, pen: Pick<Pen, 'device' | 'clients'>, bytes: Uint8Array): ChangeOutcome =>
  decide(scene, pen.device, {bytes, ownClients: pen.clients});

/** Sends an update that must be decided. */
export function merge(scene: Scene, pen: Pen, bytes: Uint8Array): Applied {
  const outcome = send(scene, pen, bytes);
  if (outcome.kind !== 'done') throw new Error(`answered ${outcome.kind}`);
  return outcome;
}

/** Sends what was captured since the last call, in one update. */
export const mergeCaptured = (scene: Scene, pen: Pen): Applied =>
  merge(scene, pen, Y.mergeUpdates(pen.captured.splice(0)));

let changes = 0;

/** A JSON change of some fields. `payload` null deletes the record. */
export function push(
  scene: Scene,
  device: string,
  {payload, at, base}: {payload: JsonObject | null; at: number; base: Base},
): Applied {
  const outcome = decide(scene, device, {
    kind: 'json',
    op: payload === null ? 'delete' : 'upsert',
    entity: 'tasks',
    id: scene.record.id,
    changeId: `change-${++changes}`,
    at,
    base,
    payload: payload ?? {},
  });
  if (outcome.kind !== 'done') throw new Error(`answered ${outcome.kind}`);
  return outcome;
}

/** Gives devices the server's document. */
export function spread(scene: Scene, ...pens: readonly Pen[]): void {
  for (const {doc} of pens) Y.applyUpdate(doc, Y.encodeStateAsUpdate(scene.record.doc), 'server');
}

/** A task called "New task", made by `maker` and known to `others`. */
export function begin(maker: Pen, ...others: readonly Pen[]): Scene {
  const scene = createScene();
  write(maker, 'title', 'New task', NOON);
  mergeCaptured(scene, maker);
  spread(scene, maker, ...others);
  return scene;
}

export const fieldOf = (scene: Scene, name: string): JsonValue => fieldsOf(scene.record)[name] ?? null;
export const isDeleted = (scene: Scene): boolean => deletedAtOf(scene.record) !== null;
export const shownBy = ({doc}: Pen, key: string): unknown =>
  (doc.getMap('fields').get(key) as [number, JsonValue] | undefined)?.[1];

/** Conflicts as "winner over loser", by value. */
export const conflictsOf = ({conflicts}: Applied): string[] =>
  conflicts.flatMap(({entries}) =>
    entries.map(({winner, loser}) => `${JSON.stringify(winner.value)} over ${JSON.stringify(loser.value)}`),
  );

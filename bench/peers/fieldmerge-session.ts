// Fieldmerge over its live socket: one connection of a device, and what scenarios do on it.
import {decodeServerFrame, encodeFrame, type ServerFrame} from '#crdt/protocol/frame.ts';
import {FRAME_UPDATES_MAX} from '#crdt/protocol/limits.ts';
import type {Changes} from '#crdt/protocol/changes.ts';
import type {Reject} from '#crdt/protocol/reject.ts';
import {PROTOCOL_VERSION} from '#crdt/protocol/version.ts';
import {clientOf, recordIdOf, recordOf} from '../load/tasks.ts';
import {deviceIdOf, ENTITY, tokenOf} from './fieldmerge-rest.ts';
import type {
  Access,
  BurstLink,
  CaughtUp,
  ConnectOptions,
  DeviceEvents,
  DeviceLink,
  TaskUpdate,
} from './peer.ts';
import {openSocket} from './web-socket.ts';

interface Session {
  /** generation: of the documents that the updates were made on. */
  send(updates: readonly (TaskUpdate & {generation: number})[], request: number): void;
  drop(): void;
  close(): Promise<void>;
}

/** Resolves when the server has sent everything after `cursor` (null: everything). */
async function openSession(
  access: Access,
  {device, cursor}: {device: number; cursor: string | null},
  events: {onFrame: (frame: ServerFrame) => void; onFault: (message: string) => void},
): Promise<Session> {
  let onCaughtUp: () => void = () => undefined;
  let onFailed: (error: Error) => void = () => undefined;
  const caughtUp = new Promise<void>((resolve, reject) => {
    onCaughtUp = resolve;
    onFailed = reject;
  });
  const fail = (message: string): void => {
    onFailed(new Error(message));
    events.onFault(message);
  };
  const socket = await openSocket(`${access.url.replace('http', 'ws')}/v1/sync/live`, {
    onFrame(bytes) {
      const decoded = decodeServerFrame(bytes);
      if (!decoded.ok) fail(decoded.message);
      else if (decoded.frame.kind === 'caught-up') onCaughtUp();
      else events.onFrame(decoded.frame);
    },
    onGone: (code) => fail(`the socket closed with ${code}`),
  });
  socket.send(
    encodeFrame({
      kind: 'hello',
      version: PROTOCOL_VERSION,
      token: tokenOf(access, device),
      tenantId: access.tenantId,
      deviceId: deviceIdOf(access, device),
      clientId: clientOf(device),
      clock: Date.now(),
      cursor,
    }),
  );
  await caughtUp;
  return {
    send: (updates, request) =>
      socket.send(
        encodeFrame({
          kind: 'update',
          request,
          updates: updates.map(({record, update, generation}) => ({
            entity: ENTITY,
            id: recordIdOf(record),
            generation,
            bytes: update,
          })),
        }),
      ),
    drop: () => socket.drop(),
    close: () => socket.close(),
  };
}

type Conflicts = (count: number) => void;

function readSessionFrame(frame: ServerFrame, events: DeviceEvents, onConflicts?: Conflicts): void {
  switch (frame.kind) {
    case 'ack':
      for (const {request, refused, conflicts} of frame.results) {
        if (refused.length > 0) events.onFault(`request ${request} was refused fields`);
        if (conflicts.length > 0) onConflicts?.(1);
        events.onAck(request);
      }
      return;
    case 'reject':
      events.onFault(`request ${frame.request} was rejected: ${frame.code}`);
      return;
    case 'need':
    case 'retry':
    case 'drain':
      events.onFault(`the server sent ${frame.kind}`);
      return;
    default:
      return;
  }
}

/** Which generation of each record the device has. */
type Generations = Map<number, number>;

/** Whether the document is of a generation that the device did not have. */
function resetTo(
  state: TaskUpdate & {generation: number},
  {generations, events}: {generations: Generations; events: DeviceEvents},
): boolean {
  if (state.generation <= (generations.get(state.record) ?? 0) || events.onReset === undefined) return false;
  generations.set(state.record, state.generation);
  events.onReset(state);
  return true;
}

function takeChanges({records}: Changes, copy: {generations: Generations; events: DeviceEvents}): void {
  for (const {entity, id, updates, generation} of records) {
    if (entity !== ENTITY) continue;
    const record = recordOf(id);
    for (const update of updates)
      if (!resetTo({record, update, generation}, copy)) copy.events.onUpdate({record, update});
  }
}

/** Whether the device was told to write again on a compacted document, and can. */
function takeReset(
  {code, current, request}: Reject,
  record: number,
  copy: {generations: Generations; events: DeviceEvents},
): boolean {
  if (code !== 'reset_required' || current.kind !== 'state' || copy.events.onRewrite === undefined)
    return false;
  resetTo({record, update: current.state, generation: current.generation}, copy);
  copy.events.onRewrite(request);
  return true;
}

export async function connectDevice(
  access: Access,
  {device, isUpToDate}: ConnectOptions,
  events: DeviceEvents,
): Promise<DeviceLink> {
  const generations: Generations = new Map();
  const recordByRequest = new Map<number, number>();
  // Usually from the beginning: what the server itself wrote into the seeded records belongs to a device's copy.
  const session = await openSession(
    access,
    {device, cursor: isUpToDate === true ? access.cursor : null},
    {
      onFrame(frame) {
        if (frame.kind === 'changes') takeChanges(frame, {generations, events});
        else if (frame.kind === 'reject') {
          const record = recordByRequest.get(frame.request) ?? 0;
          if (!takeReset(frame, record, {generations, events})) readSessionFrame(frame, events);
        } else readSessionFrame(frame, events);
      },
      onFault: (message) => events.onFault(message),
    },
  );
  return {
    send(request, edits) {
      recordByRequest.set(request, edits[0]?.record ?? 0);
      session.send(
        edits.map((edit) => ({...edit, generation: generations.get(edit.record) ?? 0})),
        request,
      );
    },
    drop: () => session.drop(),
    close: () => session.close(),
  };
}

export async function catchUpBySocket(access: Access, {device}: ConnectOptions): Promise<CaughtUp> {
  const kept = new Map<string, Uint8Array>();
  let bytes = 0;
  const session = await openSession(
    access,
    {device, cursor: null},
    {
      onFrame(frame) {
        if (frame.kind !== 'changes') return;
        for (const {entity, id, updates} of frame.records) {
          const [state] = updates;
          if (state === undefined || entity !== ENTITY) continue;
          // Of its own: the frame's memory is shared with its neighbours.
          kept.set(id, state.slice());
          bytes += state.length;
        }
      },
      onFault: () => undefined,
    },
  );
  await session.close();
  return {records: kept.size, bytes};
}

export async function openSocketBurst(access: Access, {device}: ConnectOptions): Promise<BurstLink> {
  let waiting = 0;
  let requests = 0;
  let conflicts = 0;
  let settle: {resolve: (conflicts: number) => void; reject: (error: Error) => void} | undefined;
  const fail = (message: string): void => settle?.reject(new Error(message));
  const events: DeviceEvents = {
    onUpdate: () => undefined,
    onAck() {
      waiting--;
      if (waiting === 0) settle?.resolve(conflicts);
    },
    onFault: fail,
  };
  const session = await openSession(
    access,
    {device, cursor: access.cursor},
    {onFrame: (frame) => readSessionFrame(frame, events, (count) => (conflicts += count)), onFault: fail},
  );
  return {
    push: (edits) =>
      new Promise((resolve, reject) => {
        settle = {resolve, reject};
        waiting = edits.length;
        conflicts = 0;
        for (let index = 0; index < edits.length; index += FRAME_UPDATES_MAX) {
          const batch = edits.slice(index, index + FRAME_UPDATES_MAX);
          session.send(
            batch.map((edit) => ({...edit, generation: 0})),
            ++requests,
          );
        }
      }),
    close: () => session.close(),
  };
}

// A tenant's life with canaries in every sensitive field: written, overwritten, disputed, deleted, over every
// way in, with the secrets that travel along.
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {WebSocket} from 'ws';
import * as Y from 'yjs';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {JsonObject} from '#crdt/json.ts';
import type {Conflict, ConflictsResponse} from '#crdt/protocol/conflicts.ts';
import {recordsPath} from '#crdt/protocol/records.ts';
import type {TenantId, UserId} from '#crdt/protocol/ids.ts';
import {
  CANARY,
  CANARY_ITEM,
  canaryJson,
  canaryPayload,
  canaryValue,
  plainRequired,
  sensitiveEntities,
  type SensitiveEntity,
  type Writing,
} from '#test/support/canaries.ts';
import {LiveDevice, randomClientId, writeFields} from '#test/support/live-device.ts';
import type {Person} from '#test/support/world.ts';
import type {CanaryServer} from './canary-server.ts';

export interface Life {
  readonly canaries: CanaryServer;
  readonly manager: Person;
  readonly employee: Person;
  /** Of the manager; has not seen what the manager's own device wrote since the records were made. */
  readonly other: Person;
  /** The record of each entity that lives through all of it. */
  readonly ids: ReadonlyMap<EntityName, string>;
}

/** Title of a task, which is no secret: a search that does not find it finds nothing at all. */
export const CONTROL = CANARY.replace('kanari', 'offen');

const isText = ({kind}: {kind: string}): boolean => kind === 'text';

/** Its record that lives through all of it. */
export const idOf = ({ids}: Pick<Life, 'ids'>, {entity}: SensitiveEntity): string =>
  ids.get(entity.name) ?? '';

/** Those that devices write. */
export const writable = sensitiveEntities.filter(({entity}) => entity.writable);

/** Makes the people and one record of each entity, by JSON, with every sensitive field that a device may write. */
export async function begin(canaries: CanaryServer): Promise<Life> {
  const nobody = await canaries.newPerson('Ana Example');
  const {body} = await nobody.post<{id: string}>('/v1/tenants', {name: 'Example Services'});
  const manager = nobody.in(body.id);
  const invited = await canaries.newPerson('Ben Example');
  await manager.post(`/v1/tenants/${body.id}/invite`, {email: invited.email, role: 'employee'});
  await invited.post(`/v1/tenants/${body.id}/activate`, {deviceId: invited.deviceId});
  const ids = new Map(writable.map(({entity}) => [entity.name, randomUUID()]));
  const life: Life = {canaries, manager, employee: invited.in(body.id), other: manager.onNewDevice(), ids};
  const changes = writable.map((each) => ({
    entity: each.entity.name,
    entityId: idOf(life, each),
    payload: {...plainRequired(each.entity), ...canaryPayload(each, 'c')},
  }));
  mustApply(await manager.push(changes));
  mustApply(await manager.push([{entity: 'tasks', payload: {title: CONTROL}}]));
  await writeServerFields(life);
  return life;
}

function mustApply(results: readonly {status: string; error?: unknown}[]): void {
  for (const {status, error} of results)
    if (status === 'rejected') throw new Error(`A canary was refused: ${JSON.stringify(error)}`);
}

/** Fields that only the server writes, through the lane as it does. */
async function writeServerFields({canaries, manager}: Life): Promise<void> {
  const {service} = canaries.server;
  const {subject, email, tenantId, deviceId} = manager;
  const {id: userId}: {id: UserId} = await service.users.resolveUser({subject, email, emailVerified: true});
  for (const {entity, byServer} of sensitiveEntities) {
    if (byServer.length === 0) continue;
    const fields = Object.fromEntries(byServer.map((name) => [name, canaryJson(entity, name, 's')]));
    const receipt = await service.lanes.submit({
      tenantId: tenantId as TenantId,
      deviceId: deviceId,
      userId,
      now: Date.now(),
      offset: 0,
      changeId: null,
      change: {
        kind: 'server',
        entity: entity.name,
        id: randomUUID(),
        fields: {...plainRequired(entity), ...fields},
        creates: true,
      },
    });
    if (receipt.kind === 'rejected')
      throw new Error(`A canary was refused: ${JSON.stringify(receipt.error)}`);
  }
}

/** Two devices overwrite each other's canaries; the overwrites are settled in every way there is, with notes. */
export async function dispute(life: Life): Promise<readonly Conflict[]> {
  const {manager, other} = life;
  const {nextCursor} = await other.pull();
  const changes = (writing: Writing) =>
    writable.map((each) => ({
      entity: each.entity.name,
      entityId: idOf(life, each),
      payload: canaryPayload(each, writing, (field) => !isText(field)),
    }));
  mustApply(await manager.push(changes('a')));
  mustApply(await other.push(changes('b').map((change) => ({...change, base: nextCursor}))));
  // Texts do not conflict, but one that was written without knowledge of another is refused with what is there.
  const texts = (writing: Writing) =>
    changes(writing).map((change, index) => ({
      ...change,
      payload: canaryPayload(writable[index]!, writing, isText),
    }));
  mustApply(await manager.push(texts('a')));
  await other.push(texts('b').map((change) => ({...change, base: nextCursor})));

  const {body} = await manager.get<ConflictsResponse>('/v1/conflicts?limit=100');
  for (const [index, {id, fields}] of body.items.entries()) {
    const note = `${CANARY}n${index}`;
    const key = fields[0]?.loser.field ?? '';
    const own = {[key]: fields[0]?.winner.value};
    const bodies = [
      {resolution: 'keep', note},
      {resolution: 'restore', note},
      {resolution: 'restore', note, fields: own},
    ];
    const {status} = await manager.post(`/v1/conflicts/${id}/resolve`, bodies[index % bodies.length]);
    if (status !== 200) throw new Error(`A conflict was not resolved: ${status}`);
  }
  return body.items;
}

/** The same fields by PATCH, by Yjs over REST, and over the live socket. */
export async function writeOtherwise(life: Life): Promise<void> {
  const {manager} = life;
  for (const each of writable) {
    const path = `${recordsPath(each.entity)}/${idOf(life, each)}`;
    await mustAnswer(200, manager.send('PATCH', path, canaryPayload(each, 'p')));
    await mustAnswer(
      201,
      manager.post(recordsPath(each.entity), {
        ...plainRequired(each.entity),
        ...canaryPayload(each, 'r'),
      }),
    );
  }
  const clientId = randomClientId();
  const changes = writable.map((each) => ({
    entity: each.entity.name,
    encoding: 'yjs',
    payload: Buffer.from(Y.encodeStateAsUpdate(documentOf(each, 'y', clientId))).toString('base64'),
  }));
  mustApply(await manager.push(changes, {clientId}));
  await writeLive(life);
  await openRoom(life);
}

async function mustAnswer(status: number, answer: Promise<{status: number; body: unknown}>): Promise<void> {
  const got = await answer;
  if (got.status !== status) throw new Error(`Answered ${got.status}: ${JSON.stringify(got.body)}`);
}

/** A document as any Yjs client writes it. */
function documentOf(each: SensitiveEntity, writing: Writing, clientId: number): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.transact(() => {
    writeFields(doc, plainRequired(each.entity));
    writeCanaries(doc, each, writing);
  });
  return doc;
}

function writeCanaries(doc: Y.Doc, {entity, byDevices}: SensitiveEntity, writing: Writing): void {
  for (const name of byDevices) {
    const value = canaryValue(entity, name, writing);
    switch (entity.fields[name]?.kind) {
      case 'text':
        doc.getText(`text:${name}`).insert(0, value as string);
        break;
      case 'items':
        doc.getMap(`items:${name}`).set(CANARY_ITEM, [Date.now(), value as JsonObject]);
        break;
      case 'set':
        doc.getMap(`set:${name}`).set(value as string, [Date.now(), true]);
        break;
      default:
        writeFields(doc, {[name]: value});
    }
  }
}

/** Written, taken back, refused, and told to another device; then one who speaks nonsense. */
async function writeLive({canaries, manager, ids}: Life): Promise<void> {
  const url = canaries.server.url.replace('http', 'ws');
  const {token, tenantId, deviceId} = manager;
  const device = await (await LiveDevice.connect({url, token, tenantId, deviceId})).live();
  const watching = await (await LiveDevice.connect({url, ...manager.onNewDevice()})).live();
  for (const each of writable) {
    const id = ids.get(each.entity.name) ?? '';
    const edits: readonly ((doc: Y.Doc) => void)[] = [
      (doc) => writeCanaries(doc, each, 'l'),
      // Texts are taken back character by character, and their tombstones stay.
      (doc) => {
        for (const name of each.byDevices) {
          if (each.entity.fields[name]?.kind === 'text') doc.getText(`text:${name}`).delete(0, CANARY.length);
        }
      },
      // Refused, but their clocks are used up.
      (doc) =>
        writeFields(doc, {[each.byDevices[0] ?? '']: {[CANARY]: `${CANARY}u`}, undeclared: `${CANARY}u`}),
    ];
    for (const edit of edits) {
      await device.answered(device.sendUpdates([device.capture(each.entity.name, id, edit)]));
    }
  }
  await watching.reached(device.position);
  device.close();
  watching.ws.send(Buffer.from(`not a frame ${CANARY}u`));
  await watching.ended();
}

/** Asks lists for whole values, which Postgres is to see as keyed hashes only; how many were found. */
export async function lookUp({manager}: Life): Promise<number> {
  let found = 0;
  for (const {entity, byDevices} of writable) {
    for (const name of byDevices) {
      const value = canaryValue(entity, name, 'r');
      if (typeof value !== 'string') continue;
      const query = new URLSearchParams({[name]: value}).toString();
      const {status, body} = await manager.get<{items?: unknown[]}>(`${recordsPath(entity)}?${query}`);
      if (status === 200) found += body.items?.length ?? 0;
    }
  }
  return found;
}

/** A stock provider has the token in its address. */
async function openRoom({canaries, manager, ids}: Life): Promise<void> {
  const {token, tenantId, deviceId} = manager;
  const query = new URLSearchParams({token, tenant: tenantId ?? '', device: deviceId}).toString();
  const url = canaries.server.url.replace('http', 'ws');
  const socket = new WebSocket(`${url}/v1/sync/yjs/clients/${ids.get('clients')}?${query}`);
  await once(socket, 'open');
  // Read once the token is, and then the reason to close.
  socket.send(Buffer.from(`not a message ${CANARY}u`));
  await once(socket, 'close');
}

/** Cleared, taken out and deleted: what was there must not come to light as it goes. */
export async function end(life: Life): Promise<void> {
  const {manager} = life;
  for (const each of writable) {
    const {entity, byDevices} = each;
    const cleared = byDevices.filter((name) => {
      const field = entity.fields[name];
      return field?.kind !== 'register' || !field.required;
    });
    const payload = Object.fromEntries(
      cleared.map((name) => [
        name,
        entity.fields[name]?.kind === 'text' ? '' : entity.fields[name]?.kind === 'items' ? [] : null,
      ]),
    );
    const key = {entity: entity.name, entityId: idOf(life, each)};
    mustApply(
      await manager.push([
        {...key, payload},
        {...key, op: 'delete'},
      ]),
    );
  }
}

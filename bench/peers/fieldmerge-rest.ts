// Fieldmerge over REST: who a device is there, pushing and pulling.
import {randomUUID} from 'node:crypto';
import {PUSH_CHANGES_MAX} from '#crdt/protocol/limits.ts';
import type {PushResponse} from '#crdt/protocol/push.ts';
import {clientOf, recordIdOf} from '../load/tasks.ts';
import {getJson, inBatches, postJson, readPages} from './http.ts';
import type {Access, BurstEdit, BurstLink, CaughtUp, TaskUpdate} from './peer.ts';

export const ENTITY = 'tasks';
/** The device that puts the first documents there. */
export const SEEDER = -1;
const PAGE = 1_000;

/** A device belongs to one user, and users here to one tenant: so its id is made of both. */
export const deviceIdOf = ({tenantId}: Access, device: number): string =>
  `${tenantId.slice(0, 8)}-0000-4000-8000-${(device - SEEDER).toString(16).padStart(12, '0')}`;

export const tokenOf = ({tokens}: Access, device: number): string =>
  tokens[Math.max(0, device) % tokens.length] ?? '';

export const headersOf = (access: Access, device: number) => ({
  authorization: `Bearer ${tokenOf(access, device)}`,
  'x-tenant-id': access.tenantId,
  'x-device-id': deviceIdOf(access, device),
});

/** Throws unless every change was applied. */
export async function push(
  access: Access,
  {device, clientId, changes}: {device: number; clientId?: number; changes: readonly object[]},
): Promise<void> {
  const body = {
    deviceId: deviceIdOf(access, device),
    deviceTime: new Date().toISOString(),
    ...(clientId === undefined ? {} : {clientId}),
    changes,
  };
  const {json} = await postJson(`${access.url}/v1/sync/push`, {headers: headersOf(access, device), body});
  const bad = (json as PushResponse).results.find(
    ({status, refused, conflicts}) =>
      status !== 'applied' || refused !== undefined || conflicts !== undefined,
  );
  if (bad !== undefined) throw new Error(`a change was not simply applied: ${JSON.stringify(bad)}`);
}

export const yjsChange = ({record, update}: TaskUpdate, at: number) => ({
  op: 'upsert',
  entity: ENTITY,
  entityId: recordIdOf(record),
  clientUpdatedAt: new Date(at).toISOString(),
  encoding: 'yjs',
  payload: Buffer.from(update).toString('base64'),
});

export const jsonChange = (
  entity: string,
  {id, at, payload}: {id: string; at: number; payload: Readonly<Record<string, unknown>>},
) => ({
  changeId: randomUUID(),
  op: 'upsert',
  entity,
  entityId: id,
  clientUpdatedAt: new Date(at).toISOString(),
  payload,
});

const pullPage = (access: Access, {device, query}: {device: number; query: string}) =>
  getJson(`${access.url}/v1/sync/pull?${query}`, {headers: headersOf(access, device)});

export const pull = (
  access: Access,
  {device, encoding}: {device: number; encoding: 'json' | 'yjs'},
): Promise<CaughtUp> =>
  readPages(
    (since) => {
      const after = since === undefined ? '' : `&since=${encodeURIComponent(since)}`;
      return pullPage(access, {device, query: `limit=${PAGE}&encoding=${encoding}${after}`});
    },
    encoding === 'json' ? ({entityId}) => String(entityId) : storeUpdate,
  );

/** A device that keeps documents keeps bytes, not base64. */
function storeUpdate(change: Record<string, unknown>): string {
  const payload = change['payload'] as {update: string | Uint8Array};
  if (typeof payload.update === 'string') payload.update = Buffer.from(payload.update, 'base64');
  return String(change['entityId']);
}

/** Instants are inclusive, and nothing is written later than now: what is there is behind this cursor. */
export async function readHeadCursor(access: Access): Promise<string> {
  const since = encodeURIComponent(new Date(Date.now() + 1).toISOString());
  const {json} = await pullPage(access, {device: 0, query: `limit=1&since=${since}`});
  return (json as {nextCursor: string}).nextCursor;
}

export function openRestBurst(
  access: Access,
  {device, encoding}: {device: number; encoding: 'json' | 'yjs'},
): BurstLink {
  const changeOf = ({record, update, field, value, at}: BurstEdit): object =>
    encoding === 'yjs'
      ? yjsChange({record, update}, at)
      : {
          ...jsonChange(ENTITY, {id: recordIdOf(record), at, payload: {[field]: value}}),
          base: access.cursor,
        };
  const session = encoding === 'yjs' ? {clientId: clientOf(device)} : {};
  return {
    async push(edits) {
      await inBatches(edits, PUSH_CHANGES_MAX, (batch) =>
        push(access, {device, ...session, changes: batch.map(changeOf)}),
      );
      return 0;
    },
    close: () => Promise.resolve(),
  };
}

// Canaries in everything that is turned away: by the edges, by the lane, by Postgres.
import {randomUUID} from 'node:crypto';
import type {QuarantineResponse} from '#crdt/protocol/quarantine.ts';
import {recordsPath} from '#crdt/protocol/records.ts';
import {CANARY, CANARY_PHONE, canaryPayload} from '#test/support/canaries.ts';
import type {Person} from '#test/support/world.ts';
import {idOf, writable, type Life} from './canary-life.ts';

/** Everything that is turned away, with canaries in it. */
export async function beRefused(life: Life): Promise<void> {
  const {manager, employee, canaries} = life;
  const refused = `${CANARY}q`;
  for (const each of writable) {
    const key = {entity: each.entity.name, entityId: idOf(life, each)};
    const [first = ''] = each.byDevices;
    const changes = [
      {...key, payload: {[first]: {[refused]: refused}}},
      {...key, payload: {[first]: refused.repeat(2_000)}},
      {...key, payload: {undeclared: refused}},
      {...key, payload: refused},
      {...key, payload: refused, encoding: 'yjs'},
      {...key, payload: canaryPayload(each, 'q'), base: refused},
      {...key, payload: canaryPayload(each, 'q'), clientUpdatedAt: refused},
      {entity: refused, entityId: refused, payload: canaryPayload(each, 'q')},
      {entity: 'attachments', payload: {fileName: refused}},
    ];
    for (const person of [manager, employee]) {
      for (const change of changes) await person.push([change]);
      await person.push([{...key, payload: canaryPayload(each, 'q')}].filter(() => person === employee));
    }
    for (const name of each.byDevices) {
      const query = new URLSearchParams({
        [name]: refused,
        q: refused,
        sort: refused,
        phone: `+${CANARY_PHONE}00`,
      });
      await manager.get(`${recordsPath(each.entity)}?${query.toString()}`);
    }
    await manager.get(`${recordsPath(each.entity)}/${refused}?${refused}=${refused}`);
  }
  const asks: readonly [path: string, init: RequestInit][] = [
    [
      '/v1/me',
      {headers: {authorization: `Bearer ${refused}`, 'x-device-id': refused, 'x-tenant-id': refused}},
    ],
    [`/v1/${refused}?token=${refused}`, {headers: {authorization: `Bearer ${manager.token}`}}],
    [`/v1/sync/yjs/clients/${randomUUID()}?token=${manager.token}&tenant=${refused}`, {}],
    ['/v1/sync/push', {method: 'POST', body: `{"deviceId": "${refused}`, headers: headersOf(manager)}],
    [
      '/v1/sync/push',
      {method: 'POST', body: refused, headers: {...headersOf(manager), 'content-type': refused}},
    ],
  ];
  for (const [path, init] of asks) await canaries.ask(path, init);
}

/**
 * Changes of a member to whom none of it is shown: kept sealed, shown to a manager, and then let in or discarded with a
 * note, as far as its fields may be written. Answers what managers were shown.
 */
export async function beKept(life: Life): Promise<string> {
  const {manager, employee} = life;
  for (const each of writable) {
    const key = {entity: each.entity.name, entityId: idOf(life, each)};
    await employee.push([{...key, payload: canaryPayload(each, 'k')}]);
  }
  const {body} = await manager.get<QuarantineResponse>('/v1/quarantine?status=open&limit=200');
  const kept = body.items.filter(({changes}) => JSON.stringify(changes).includes(`${CANARY}k`));
  for (const {id} of kept) {
    const path = `/v1/quarantine/${id}`;
    const applied = await manager.post(`${path}/apply`, {});
    if (applied.status === 200) continue;
    const {status} = await manager.post(`${path}/discard`, {note: `${CANARY}n`});
    if (status !== 200) throw new Error(`A kept change was not discarded: ${status}`);
  }
  return JSON.stringify((await manager.get('/v1/quarantine?limit=200')).body);
}

const headersOf = ({token, tenantId}: Person): Record<string, string> => ({
  authorization: `Bearer ${token}`,
  'x-tenant-id': tenantId ?? '',
  'content-type': 'application/json',
});

/** Postgres refuses a change with canaries in it, and the server tells of it as it does of any fault. */
export async function failInDatabase({canaries, manager, ids}: Life): Promise<void> {
  await canaries.query(`ALTER TABLE clients ADD CONSTRAINT trap CHECK (language IS DISTINCT FROM 'eo')`);
  const clients = writable.find(({entity}) => entity.name === 'clients')!;
  const change = {
    entity: 'clients',
    entityId: ids.get('clients'),
    payload: {...canaryPayload(clients, 'f'), language: 'eo'},
  };
  const [result] = await manager.push([change]);
  if (result?.error?.code !== 'uncommittable') throw new Error(`Not refused: ${JSON.stringify(result)}`);
  // A fault of ours: a table is missing for a moment.
  await canaries.query('ALTER TABLE conflict_logs RENAME TO away');
  await manager.get('/v1/conflicts');
  await canaries.query('ALTER TABLE away RENAME TO conflict_logs');
}

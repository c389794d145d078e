// Who works in the demo, and how they come into one tenant: a manager makes it, two employees are invited.
import {randomUUID} from 'node:crypto';
import {createApi, pushOne, type Api} from './api.ts';
import {claim} from './claims.ts';
import type {ServerProcess} from './server-process.ts';
import {blue, magenta, yellow, type Paint} from './terminal.ts';

export interface Person {
  readonly name: string;
  /** What they hold in their hands. */
  readonly holds: string;
  readonly paint: Paint;
  readonly token: string;
  readonly device: string;
  readonly userId: string;
  /** In the tenant, on the device. */
  readonly api: Api;
}

export const names = {ann: 'Ann Silva', ben: 'Ben Okafor', maria: 'Maria Lindt'} as const;
export type PersonKey = keyof typeof names;

const looks: Readonly<Record<PersonKey, {holds: string; paint: Paint}>> = {
  ann: {holds: 'phone', paint: magenta},
  ben: {holds: 'tablet', paint: blue},
  maria: {holds: 'office', paint: yellow},
};

export interface Team {
  readonly tenant: string;
  readonly people: Readonly<Record<PersonKey, Person>>;
  /** The team record that the task is given to. */
  readonly teamId: string;
}

interface Me {
  readonly id: string;
  readonly name: string;
}

/** Everything over REST, as any app would. */
export async function assembleTeam({url, tokens}: ServerProcess): Promise<Team> {
  const apiOf = (key: PersonKey): Api => createApi(url, tokens[names[key]] ?? '');
  const tenant = (await apiOf('maria').post<{id: string}>('/v1/tenants', {name: 'Northside Plumbing'})).id;
  const person = async (key: PersonKey, device: string): Promise<Person> => {
    const api = apiOf(key).within({tenant, device});
    const me = await api.get<Me>('/v1/me');
    claim('the server knows who calls', me.name === names[key], me);
    return {...looks[key], name: me.name, token: tokens[names[key]] ?? '', device, userId: me.id, api};
  };
  const maria = await person('maria', randomUUID());
  const teamId = randomUUID();
  await pushOne(maria.api, maria.device, {change: upsert('teams', teamId, {name: 'North'})});
  const join = async (key: 'ann' | 'ben'): Promise<Person> => {
    const employeeId = randomUUID();
    const record = upsert('employees', employeeId, {displayName: names[key], teamIds: [teamId]});
    await pushOne(maria.api, maria.device, {change: record});
    const email = `${key}@example.com`;
    const invitation = await maria.api.post<{code: string}>(`/v1/tenants/${tenant}/invite`, {
      email,
      role: 'employee',
      employeeId,
    });
    const device = randomUUID();
    await apiOf(key).post(`/v1/tenants/${tenant}/activate`, {deviceId: device, inviteCode: invitation.code});
    return person(key, device);
  };
  return {tenant, teamId, people: {maria, ann: await join('ann'), ben: await join('ben')}};
}

/** A new record as a JSON change. */
export const upsert = (entity: string, entityId: string, payload: Readonly<Record<string, unknown>>) => ({
  op: 'upsert',
  entity,
  entityId,
  clientUpdatedAt: new Date().toISOString(),
  payload,
});

// Who works on a Fieldmerge server under test: the manager whom it makes for developers itself, employees of the
// team that has the tasks, and tenants with a manager each. Made over REST, as an app would.
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {openDevelopmentIssuer} from '#server/auth/development-issuer.ts';
import {isEmployee, TEAM_ID} from '../load/tasks.ts';
import {deviceIdOf, headersOf, jsonChange, push, SEEDER, tokenOf} from './fieldmerge-rest.ts';
import {postJson} from './http.ts';
import type {Access, Needs, StartOptions} from './peer.ts';

const DAY_SECONDS = 86_400;
const MANAGER = {subject: 'development_manager', email: 'manager@example.com', name: 'Development Manager'};

const employeeOf = (device: number) => ({
  subject: `employee_${device}`,
  email: `employee-${device}@example.com`,
  name: `Employee ${device}`,
});

/** The `employees` record that the user of a device works as. */
const employeeIdOf = (device: number): string =>
  `40000000-0000-4000-8000-${device.toString(16).padStart(12, '0')}`;

/** Tokens of all devices, and the other tenants, made at the first start on this database. */
export async function openAccess(
  {url, tenantId}: {url: string; tenantId: string},
  {folder, needs}: StartOptions,
): Promise<Access> {
  const issuer = await openDevelopmentIssuer({dataDir: folder, now: Date.now});
  const issue = (user: {subject: string; email: string; name: string}) =>
    issuer.issue({...user, expiresInSeconds: DAY_SECONDS});
  const tokens = await Promise.all(
    Array.from({length: needs.devices}, (_, device) =>
      issue(needs.hasEmployees === true && isEmployee(device) ? employeeOf(device) : MANAGER),
    ),
  );
  const managers = await Promise.all(
    Array.from({length: needs.others?.tenants ?? 0}, (_, tenant) => {
      const user = {subject: `manager_${tenant}`, email: `manager-${tenant}@example.com`};
      const devices = Array.from({length: needs.others?.devices ?? 0});
      return Promise.all(devices.map(() => issue({...user, name: `Manager ${tenant}`})));
    }),
  );
  const ids = await readOrMakeTenants(url, {folder, tokens: managers.map(([token = '']) => token)});
  const others = managers.map((own, tenant) => ({tenantId: ids[tenant] ?? '', tokens: own}));
  return {url, tenantId, tokens, cursor: '', others};
}

/** Their ids are kept beside the database. */
async function readOrMakeTenants(
  url: string,
  {folder, tokens}: {folder: string; tokens: readonly string[]},
): Promise<readonly string[]> {
  if (tokens.length === 0) return [];
  const file = join(folder, 'bench-tenants.json');
  const known = await readFile(file, 'utf8').catch(() => null);
  if (known !== null) return JSON.parse(known) as string[];
  const ids: string[] = [];
  for (const [tenant, token] of tokens.entries()) {
    const {json} = await postJson(`${url}/v1/tenants`, {
      headers: {authorization: `Bearer ${token}`},
      body: {name: `Tenant ${tenant}`},
    });
    ids.push((json as {id: string}).id);
  }
  await writeFile(file, JSON.stringify(ids));
  return ids;
}

/** The team, a record and an invitation for each employee, accepted on their device. */
export async function hireEmployees(access: Access, {devices}: Needs): Promise<void> {
  const at = Date.now();
  const numbers = Array.from({length: devices}, (_, device) => device).filter(isEmployee);
  const records = numbers.map((device) =>
    jsonChange('employees', {
      id: employeeIdOf(device),
      at,
      payload: {displayName: employeeOf(device).name, teamIds: [TEAM_ID]},
    }),
  );
  const team = jsonChange('teams', {id: TEAM_ID, at, payload: {name: 'Team of all tasks'}});
  await push(access, {device: SEEDER, changes: [team, ...records]});
  const tenantUrl = `${access.url}/v1/tenants/${access.tenantId}`;
  for (const device of numbers) {
    const {json} = await postJson(`${tenantUrl}/invite`, {
      headers: headersOf(access, SEEDER),
      body: {email: employeeOf(device).email, role: 'employee', employeeId: employeeIdOf(device)},
    });
    await postJson(`${tenantUrl}/activate`, {
      headers: {authorization: `Bearer ${tokenOf(access, device)}`},
      body: {deviceId: deviceIdOf(access, device), inviteCode: (json as {code: string}).code},
    });
  }
}

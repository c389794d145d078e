// `fieldmerge export-person`: what is known of a person, as JSON lines: the account, its devices, and of each tenant the
// membership, the employees record, and what the log has by them.
import type {TenantId} from '#crdt/protocol/ids.ts';
import {appendAudit} from '#db/audit.ts';
import type {AuditLogRow} from '#db/audit-log.ts';
import {listActionsOf, listPersonDevices, type PersonRow} from '#db/persons.ts';
import {readRecord} from '#db/records.ts';
import {readTenantName} from '#db/tenants.ts';
import {withTenant} from '#db/transaction.ts';
import {auditEntryJson} from '../sync/audit-log.ts';
import {memberJson} from '../sync/member-list.ts';
import {listMemberships, requirePerson, type PersonMembership} from './find-person.ts';
import {openLines, type LineSink} from './json-lines.ts';
import type {Command, CommandDeps} from './outcome.ts';
import {exportBody} from './tenant-lines.ts';

const PAGE = 500;

export const exportPerson: Command = async (deps, asked) => {
  const person = await requirePerson(deps, asked.subject);
  const {to} = asked.values;
  const sink = await openLines(to);
  await sink.write({kind: 'person', ...person});
  for (const device of await listPersonDevices(deps.pool, person.id))
    await sink.write({kind: 'device', ...device});
  for (const membership of await listMemberships(deps, person))
    await writeMembership(deps, {person, membership, sink});
  await sink.write({kind: 'end', lines: sink.count()});
  await sink.close();
  return {
    json: to === undefined ? undefined : {userId: person.id, lines: sink.count(), to},
    text: to === undefined ? '' : `${sink.count()} lines are in ${to}.`,
    isGood: true,
  };
};

async function writeMembership(
  {pool, cipherOf}: CommandDeps,
  {person, membership, sink}: {person: PersonRow; membership: PersonMembership; sink: LineSink},
): Promise<void> {
  const {tenantId, member, employeeId} = membership;
  const cipher = await cipherOf(tenantId);
  const {tenantName, employee} = await withTenant(pool, tenantId, async (client) => {
    await appendAudit(client, tenantId, [exportedRow(member.id)]);
    const key = {entity: 'employees', id: employeeId ?? ''} as const;
    return {
      tenantName: await readTenantName(client, tenantId),
      employee: employeeId === null ? undefined : await readRecord(client, tenantId, key),
    };
  });
  await sink.write({kind: 'membership', tenantId, tenantName, ...memberJson(member)});
  if (employee !== undefined) {
    const {payload} = exportBody(cipher, employee);
    await sink.write({kind: 'record', tenantId, entity: 'employees', id: employee.id, payload});
  }
  for await (const row of actionsOf(pool, {tenantId, person}))
    await sink.write({kind: 'audit', tenantId, ...auditEntryJson(cipher, row)});
}

async function* actionsOf(
  pool: CommandDeps['pool'],
  {tenantId, person}: {tenantId: TenantId; person: PersonRow},
): AsyncGenerator<AuditLogRow> {
  for (let page: AuditLogRow[] | undefined; page === undefined || page.length === PAGE;) {
    const after: number = page?.at(-1)?.seq ?? 0;
    page = await withTenant(pool, tenantId, (client) =>
      listActionsOf(client, tenantId, {userId: person.id, after, limit: PAGE}),
    );
    yield* page;
  }
}

const exportedRow = (membershipId: string) => ({
  action: 'operator.person_exported',
  entity: 'memberships',
  recordId: membershipId,
  userId: null,
  deviceId: null,
  summary: "The operator exported a person's data.",
  detail: null,
});

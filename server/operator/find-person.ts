// Who is meant: an account by its id, or by an address that one account has. And what a command asks of each tenant that
// the person is or was in.
import type {RecordId, TenantId} from '#crdt/protocol/ids.ts';
import {findMember, listTenantsEverOf, type MemberRow} from '#db/memberships.ts';
import {findPersons, type PersonRow} from '#db/persons.ts';
import {withTenant} from '#db/transaction.ts';
import {CommandError, type CommandDeps} from './outcome.ts';

/** Throws CommandError where nobody or more than one is meant. */
export async function requirePerson(
  {pool}: Pick<CommandDeps, 'pool'>,
  idOrAddress: string,
): Promise<PersonRow> {
  const found = await findPersons(pool, idOrAddress);
  const [person] = found;
  if (person === undefined) throw new CommandError(`Nobody has the id or address ${idOrAddress}.`);
  if (found.length > 1)
    throw new CommandError(
      `Several accounts have that address: ${found.map(({id}) => id).join(', ')}. Name one.`,
    );
  return person;
}

export interface PersonMembership {
  readonly tenantId: TenantId;
  readonly member: MemberRow;
  readonly employeeId: RecordId | null;
}

/** Those that ended too. */
export async function listMemberships(
  {pool}: Pick<CommandDeps, 'pool'>,
  {id: userId}: Pick<PersonRow, 'id'>,
): Promise<PersonMembership[]> {
  const found: PersonMembership[] = [];
  for (const tenantId of await listTenantsEverOf(pool, userId)) {
    const member = await withTenant(pool, tenantId, (client) => findMember(client, tenantId, userId));
    if (member !== undefined) found.push({tenantId, member, employeeId: member.employeeId});
  }
  return found;
}

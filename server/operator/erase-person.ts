// `fieldmerge erase-person`: name and address go, the id stays. First the sign-ins end, then each tenant lets the person
// go and forgets name, address and number, then the account does. Stopped anywhere, it goes on when it is run again.
import type {ServerChange} from '#crdt/change.ts';
import {SERVER_DEVICE} from '#crdt/deletion.ts';
import {appendAudit} from '#db/audit.ts';
import {forgetInvitedAddress, forgetPerson, type PersonRow} from '#db/persons.ts';
import {insertRevokedClaim} from '#db/revoked-tokens.ts';
import {withTenant, withoutTenant} from '#db/transaction.ts';
import {removeAccount} from '../sync/account-removal.ts';
import {createService, type Service} from '../sync/service.ts';
import {listMemberships, requirePerson, type PersonMembership} from './find-person.ts';
import {CommandError, good, type Command, type CommandDeps} from './outcome.ts';

/** Stands where a name was that a record must have. */
const NAME = 'Erased person';

export const erasePerson: Command = async (deps, asked) => {
  const {pool} = deps;
  const person = await requirePerson(deps, asked.subject);
  const memberships = await listMemberships(deps, person);
  await deps.confirm(`Erase the person ${person.id}, of ${memberships.length} tenants?`);
  const {id: userId, subject} = person;
  await withoutTenant(pool, (client) => insertRevokedClaim(client, {claim: 'sub', value: subject}));
  const service = await openService(deps);
  try {
    for (const membership of memberships) await eraseFromTenant(service, {person, membership});
  } finally {
    await service.lanes.idle();
    await service.stop();
  }
  await withoutTenant(pool, (client) => forgetPerson(client, {userId, name: NAME}));
  const reminder = 'Their sign-in at the issuer is not ended by this: delete the account there too.';
  return good(
    {userId, tenants: memberships.map(({tenantId}) => tenantId)},
    `The person ${userId} is erased in ${memberships.length} tenants. ${reminder}`,
  );
};

/** A node of its own for as long as it takes: records are written through its lanes, beside those of other nodes. */
const openService = async ({pool, openKeyring, now, tell}: CommandDeps): Promise<Service> =>
  createService({
    pool,
    keyring: await openKeyring(),
    now,
    onFault: ({kind}) => tell(`A group of changes failed and is tried again: ${kind}.`),
  });

async function eraseFromTenant(
  service: Service,
  {person, membership}: {person: PersonRow; membership: PersonMembership},
): Promise<void> {
  const {pool} = service;
  const {tenantId, member, employeeId} = membership;
  await removeAccount({pool}, {tenantId, userId: person.id});
  if (employeeId !== null) await forgetEmployee(service, {person, membership});
  await withTenant(pool, tenantId, async (client) => {
    if (person.email !== null) {
      const replacement = `${person.id}@erased.invalid`;
      await forgetInvitedAddress(client, tenantId, {email: person.email, replacement});
    }
    const row = {
      action: 'operator.person_erased',
      entity: 'memberships',
      recordId: member.id,
      userId: null,
      deviceId: null,
      summary: "The operator erased a person's name and address.",
      detail: null,
    };
    await appendAudit(client, tenantId, [row]);
  });
}

async function forgetEmployee(
  {lanes, now}: Service,
  {person, membership}: {person: PersonRow; membership: PersonMembership},
): Promise<void> {
  const {tenantId, employeeId} = membership;
  const change: ServerChange = {
    kind: 'server',
    entity: 'employees',
    id: employeeId ?? '',
    fields: {displayName: NAME, email: null, phone: null},
    creates: false,
  };
  const receipt = await lanes.submit({
    tenantId,
    userId: person.id,
    deviceId: SERVER_DEVICE,
    change,
    now: now(),
    offset: 0,
    changeId: null,
  });
  if (receipt.kind === 'rejected')
    throw new CommandError(
      `The employees record ${employeeId ?? ''} could not be written: ${receipt.error.message}`,
    );
}

// The colleagues of a member: names, titles, colours and teams of all employees, for employees too, whose feed holds
// only their own record.
import {employees} from '#crdt/entities/employees.ts';
import type {Colleague, DirectoryQuery} from '#crdt/protocol/directory.ts';
import type {TenantCipher} from '#db/cipher.ts';
import {listColleagues, type ColleagueRow} from '#db/directory.ts';
import {withTenant} from '#db/transaction.ts';
import {columnPlace} from './encode-group.ts';
import {pageOf, readPlace, type ListPage} from './list-place.ts';
import type {Member} from './members.ts';
import type {Service} from './service.ts';

/** In the order in which they were made. Throws SyncError `bad_cursor`. */
export async function listDirectory(
  {pool, tenantKeys}: Pick<Service, 'pool' | 'tenantKeys'>,
  {tenantId}: Member,
  {since, limit}: DirectoryQuery,
): Promise<ListPage<Colleague>> {
  const after = readPlace(since);
  const cipher = await tenantKeys.cipherOf(tenantId);
  const rows = await withTenant(pool, tenantId, (client) =>
    listColleagues(client, tenantId, {after, limit: limit + 1}),
  );
  return pageOf(rows, {
    limit,
    cursor: since,
    placeOf: (row) => row,
    toItem: (row) => colleagueJson(cipher, row),
  });
}

const utf8 = new TextDecoder();

function colleagueJson(cipher: TenantCipher, row: ColleagueRow): Colleague {
  const {id, displayName, jobTitle, color, teamIds} = row;
  const place = columnPlace(employees, 'displayName', id);
  return {
    id,
    // Required at creation, but a document that lost it must not hide the others.
    displayName:
      displayName === null ? '' : (JSON.parse(utf8.decode(cipher.open(displayName, place))) as string),
    jobTitle,
    color,
    teamIds: [...(teamIds ?? [])],
  };
}

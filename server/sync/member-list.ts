// The members of a tenant, for its managers.
import type pg from 'pg';
import type {MemberJson, MembersQuery} from '#crdt/protocol/members.ts';
import {listMembers as listRows, type MemberRow} from '#db/memberships.ts';
import {withTenant} from '#db/transaction.ts';
import {pageOf, readPlace, type ListPage} from './list-place.ts';
import type {Member} from './members.ts';
import {requireManager} from './require-manager.ts';

/** In the order in which they first joined. Throws SyncError `forbidden` for employees, `bad_cursor`. */
export async function listMembers(
  {pool}: {pool: pg.Pool},
  {tenantId, role}: Member,
  {since, limit, status}: MembersQuery,
): Promise<ListPage<MemberJson>> {
  requireManager({role});
  const after = readPlace(since);
  const rows = await withTenant(pool, tenantId, (client) =>
    listRows(client, tenantId, {after, status, limit: limit + 1}),
  );
  return pageOf(rows, {limit, cursor: since, placeOf: (row) => row, toItem: memberJson});
}

export function memberJson(row: MemberRow): MemberJson {
  const {userId, id, role, status, employeeId, name, email, createdAt, updatedAt} = row;
  return {
    userId,
    membershipId: id,
    role,
    status,
    ...(employeeId === null ? {} : {employeeId}),
    name,
    email,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

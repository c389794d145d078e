// What a lane knows of who may write, and what is in an employee's scope: read inside its transactions, kept between
// them, and good only while the tenant's two versions stand where they stood. The write checks that.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {readAccess, type Writer, type WriterAccess} from '#db/access.ts';
import {findGranted, type AccessEvent} from '#db/scope.ts';
import {idsNamedIn} from './named-ids.ts';
import type {Submission} from './submission.ts';

/** What a lane knows, and at which versions it learned it. */
export interface LaneAccess {
  accessVersion: number;
  /** By writerName. */
  readonly members: Map<string, WriterAccess | null>;
  scopeVersion: number;
  /** By user and record id: the entities under which that record is in scope. */
  readonly granted: Map<string, Map<string, readonly EntityName[]>>;
}

/** Somebody's role, membership or scope changed since this lane last read it: decide again. */
export class AccessChanged extends Error {}

/** The same as of one group: what another node or request forgets meanwhile does not change it. */
export interface GroupAccess {
  readonly version: number;
  /** Null where no change of the group asks for scope. */
  readonly scopeVersion: number | null;
  readonly members: ReadonlyMap<string, WriterAccess | null>;
  readonly granted: ReadonlyMap<string, ReadonlyMap<string, readonly EntityName[]>>;
}

const UNKNOWN = -1;

/** Ids that a lane remembers of one tenant; past that it begins anew. */
const GRANTED_IDS_MAX = 50_000;

export const createLaneAccess = (): LaneAccess => ({
  accessVersion: UNKNOWN,
  members: new Map(),
  scopeVersion: UNKNOWN,
  granted: new Map(),
});

export function forgetAccess(access: LaneAccess): void {
  access.members.clear();
  forgetScope(access);
}

function forgetScope(access: LaneAccess): void {
  access.granted.clear();
  access.scopeVersion = UNKNOWN;
}

/** A member may write from one device and no longer from another. */
export const writerName = ({userId, deviceId}: Writer): string => `${userId}/${deviceId}`;

/** Whether a record is in the scope of an employee, of those that were asked for. */
export const isGranted = (
  {granted}: Pick<GroupAccess, 'granted'>,
  userId: string,
  {entity, id}: {entity: EntityName; id: string},
): boolean => granted.get(userId)?.get(id)?.includes(entity) ?? false;

/** Whose membership a change rests on. */
export const writerOf = (submission: Submission): Writer => submission.approval?.by ?? submission;

/** The server's own changes ask nobody. */
const asks = ({change}: Submission): boolean => change.kind !== 'server';

/** The same from memory alone; null where the database must be asked. */
export function knownAccess(access: LaneAccess, submissions: readonly Submission[]): GroupAccess | null {
  const members = new Map<string, WriterAccess | null>();
  let asksScope = false;
  for (const submission of submissions) {
    const name = writerName(writerOf(submission));
    const member = access.members.get(name);
    if (member === undefined) return null;
    members.set(name, member);
    if (member?.role !== 'employee') continue;
    asksScope = true;
    if (unknownIds(access, submission).length > 0) return null;
  }
  if (asksScope && access.scopeVersion === UNKNOWN) return null;
  return groupAccess(access, {members, asksScope});
}

const groupAccess = (
  access: LaneAccess,
  {members, asksScope}: {members: GroupAccess['members']; asksScope: boolean},
): GroupAccess => ({
  version: access.accessVersion,
  scopeVersion: asksScope ? access.scopeVersion : null,
  members,
  granted: access.granted,
});

function unknownIds(access: LaneAccess, {userId, change}: Submission): string[] {
  const known = access.granted.get(userId);
  const ids = idsNamedIn(change);
  return known === undefined ? ids : ids.filter((id) => !known.has(id));
}

/**
 * Asks the database for what is not known. Throws AccessChanged where what was known no longer fits it: things read
 * at different versions must not be mixed.
 */
export async function loadAccess(
  client: pg.ClientBase,
  {
    tenantId,
    access,
    submissions,
  }: {tenantId: TenantId; access: LaneAccess; submissions: readonly Submission[]},
): Promise<GroupAccess> {
  const asking = submissions.filter(asks);
  const unknown = new Map<string, Writer>();
  const wanted: {userId: string; id: string}[] = [];
  let isScopeKnown = false;
  for (const submission of asking) {
    const member = access.members.get(writerName(writerOf(submission)));
    if (member === undefined) unknown.set(writerName(writerOf(submission)), writerOf(submission));
    if (member !== undefined && member?.role !== 'employee') continue;
    const ids = unknownIds(access, submission);
    if (ids.length === 0) isScopeKnown = true;
    for (const id of ids) wanted.push({userId: submission.userId, id});
  }
  const mustRead =
    unknown.size > 0 || asking.length === 0 || (wanted.length > 0 && access.scopeVersion === UNKNOWN);
  // The versions first: what is read after them may be newer, and then the write finds out.
  const [read, granted] = await Promise.all([
    mustRead ? readAccess(client, tenantId, [...unknown.values()]) : null,
    wanted.length === 0 ? [] : findGranted(client, tenantId, wanted),
  ]);
  if (read !== null) {
    const isMixed =
      isScopeKnown || unknown.size < new Set(asking.map((one) => writerName(writerOf(one)))).size;
    adopt(access, read, {isMixed});
    for (const name of unknown.keys()) access.members.set(name, null);
    for (const writer of read.writers) access.members.set(writerName(writer), writer);
  } else if (mustRead) {
    throw new Error('The tenant has no counter.');
  }
  remember(access, {wanted, granted});
  const members = new Map(
    asking.map((submission) => [
      writerName(writerOf(submission)),
      access.members.get(writerName(writerOf(submission))) ?? null,
    ]),
  );
  const asksScope = [...members.values()].some((member) => member?.role === 'employee');
  return groupAccess(access, {members, asksScope});
}

function adopt(
  access: LaneAccess,
  {accessVersion, scopeVersion}: {accessVersion: number; scopeVersion: number},
  {isMixed}: {isMixed: boolean},
): void {
  const isMoved =
    (access.accessVersion !== accessVersion && access.accessVersion !== UNKNOWN) ||
    (access.scopeVersion !== scopeVersion && access.scopeVersion !== UNKNOWN);
  if (access.accessVersion !== accessVersion) access.members.clear();
  if (access.scopeVersion !== scopeVersion) access.granted.clear();
  access.accessVersion = accessVersion;
  access.scopeVersion = scopeVersion;
  if (isMoved && isMixed) throw new AccessChanged();
}

function remember(
  access: LaneAccess,
  {
    wanted,
    granted,
  }: {
    wanted: readonly {userId: string; id: string}[];
    granted: readonly {userId: string; entity: EntityName; id: string}[];
  },
): void {
  for (const {userId, id} of wanted) idsOf(access, userId).set(id, []);
  for (const {userId, entity, id} of granted) {
    const ids = idsOf(access, userId);
    ids.set(id, [...(ids.get(id) ?? []), entity]);
  }
}

function idsOf({granted}: LaneAccess, userId: string): Map<string, readonly EntityName[]> {
  const known = granted.get(userId) ?? new Map<string, readonly EntityName[]>();
  granted.set(userId, known);
  return known;
}

/** Keeps what is known in step with this lane's own commit. */
export function followOwnEvents(
  access: LaneAccess,
  {scopeVersion, events}: {scopeVersion: number; events: readonly AccessEvent[]},
): void {
  if (access.scopeVersion !== scopeVersion - 1) {
    forgetScope(access);
    return;
  }
  access.scopeVersion = scopeVersion;
  for (const {userId, entity, id, granted} of events) {
    const ids = access.granted.get(userId);
    const known = ids?.get(id);
    if (ids === undefined || known === undefined) continue;
    const others = known.filter((name) => name !== entity);
    ids.set(id, granted ? [...others, entity] : others);
  }
}

/** Between groups, so that no group loses what it is decided on. */
export function trimAccess(access: LaneAccess): void {
  let count = 0;
  for (const ids of access.granted.values()) count += ids.size;
  if (count > GRANTED_IDS_MAX) access.granted.clear();
}

// What a lane knows of who may write, and what is in an employee's scope: read inside its transactions, kept between
// them, and good only while the tenant's two versions stand where they stood. The write checks that.
import type pg from 'pg';
import type {EntityName} from '#crdt/entities/entity.ts';
import type {TenantId} from '#crdt/protocol/ids.ts';
import {readAccess, type Writer, type WriterAccess} from '#db/access.ts';
import {findGranted, findScopes, type AccessEvent, type Grant} from '#db/scope.ts';
import {idsNamedIn} from './named-ids.ts';
import type {Submission} from './submission.ts';

/** What a lane knows, and at which versions it learned it. */
export interface LaneAccess {
  accessVersion: number;
  /** By writerName. */
  readonly members: Map<string, WriterAccess | null>;
  scopeVersion: number;
  readonly granted: Map<string, KnownScope>;
}

/** What is known of one employee's scope. */
interface KnownScope {
  /** By record id: the entities under which it is in scope. */
  readonly ids: Map<string, readonly EntityName[]>;
  /** Ids that are not here are out of scope. */
  isWhole: boolean;
  /** How often the database was asked for some ids of it. */
  asked: number;
}

/** Somebody's role, membership or scope changed since this lane last read it: decide again. */
export class AccessChanged extends Error {}

/** The same as of one group: what another node or request forgets meanwhile does not change it. */
export interface GroupAccess {
  readonly version: number;
  /** Null where no change of the group asks for scope. */
  readonly scopeVersion: number | null;
  readonly members: ReadonlyMap<string, WriterAccess | null>;
  readonly granted: ReadonlyMap<string, Pick<KnownScope, 'ids'>>;
}

const UNKNOWN = -1;

/** Ids that a lane remembers of one tenant; past that it begins anew. */
const GRANTED_IDS_MAX = 50_000;

/**
 * Asked this often for some ids, the lane reads a scope as a whole, if it is no larger than this. Not sooner: where
 * scopes change all the time, what is known is forgotten all the time.
 */
const ASKS_UNTIL_WHOLE = 3;
const WHOLE_SCOPE_MAX = 2_000;

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
): boolean => granted.get(userId)?.ids.get(id)?.includes(entity) ?? false;

/** Whose membership a change rests on. */
export const writerOf = (submission: Submission): Writer => submission.approval?.by ?? submission;

/** The server's own changes ask nobody, but for what it writes of a file for a member. */
const asks = ({change, attaching}: Submission): boolean =>
  change.kind !== 'server' || attaching !== undefined;

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

function unknownIds(access: LaneAccess, {userId, change, attaching}: Submission): string[] {
  const known = access.granted.get(userId);
  const ids = idsNamedIn(change);
  if (attaching !== undefined) ids.push(attaching.owner.id);
  if (known === undefined) return ids;
  return known.isWhole ? [] : ids.filter((id) => !known.ids.has(id));
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
  const wholes = usersToReadWhole(access, wanted);
  const [read, granted, scopes] = await Promise.all([
    mustRead ? readAccess(client, tenantId, [...unknown.values()]) : null,
    wanted.length === 0 ? [] : findGranted(client, tenantId, wanted),
    wholes.length === 0 ? [] : findScopes(client, tenantId, {userIds: wholes, limit: WHOLE_SCOPE_MAX + 1}),
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
  rememberWholes(access, {userIds: wholes, scopes});
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
    granted: readonly Grant[];
  },
): void {
  for (const userId of new Set(wanted.map((one) => one.userId))) scopeOf(access, userId).asked++;
  for (const {userId, id} of wanted) scopeOf(access, userId).ids.set(id, []);
  for (const grant of granted) addGrant(scopeOf(access, grant.userId), grant);
}

/** Those whose scope is asked for again and again, a few ids at a time. */
function usersToReadWhole(access: LaneAccess, wanted: readonly {userId: string}[]): string[] {
  const users = new Set(wanted.map(({userId}) => userId));
  // Once, at exactly this count: a scope that proved too large is not read in vain again.
  return [...users].filter((userId) => access.granted.get(userId)?.asked === ASKS_UNTIL_WHOLE);
}

function rememberWholes(
  access: LaneAccess,
  {userIds, scopes}: {userIds: readonly string[]; scopes: readonly Grant[]},
): void {
  for (const userId of userIds) {
    const grants = scopes.filter((grant) => grant.userId === userId);
    if (grants.length > WHOLE_SCOPE_MAX) continue;
    const scope = scopeOf(access, userId);
    scope.ids.clear();
    for (const grant of grants) addGrant(scope, grant);
    scope.isWhole = true;
  }
}

function scopeOf({granted}: LaneAccess, userId: string): KnownScope {
  const known = granted.get(userId) ?? {ids: new Map(), isWhole: false, asked: 0};
  granted.set(userId, known);
  return known;
}

const addGrant = ({ids}: KnownScope, {entity, id}: Omit<Grant, 'userId'>): void => {
  ids.set(id, [...(ids.get(id) ?? []), entity]);
};

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
    const scope = access.granted.get(userId);
    if (scope === undefined || !(scope.isWhole || scope.ids.has(id))) continue;
    const others = (scope.ids.get(id) ?? []).filter((name) => name !== entity);
    scope.ids.set(id, granted ? [...others, entity] : others);
  }
}

/** Between groups, so that no group loses what it is decided on. */
export function trimAccess(access: LaneAccess): void {
  let count = 0;
  for (const {ids} of access.granted.values()) count += ids.size;
  if (count > GRANTED_IDS_MAX) access.granted.clear();
}

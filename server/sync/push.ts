// A batch of changes of one device over REST. Each change is read, decided and answered on its own; all are
// handed to the lane together and in order, so that they commit in as few groups as possible.
import type {UpdateChange, JsonChange} from '#crdt/change.ts';
import {effectiveStamp} from '#crdt/overwrite.ts';
import {errorCodes, SyncError} from '#crdt/protocol/error-code.ts';
import {DEVICE_CLIENT_ID_MAX} from '#crdt/protocol/limits.ts';
import type {PushEnvelope, PushError, PushResponse, PushResult} from '#crdt/protocol/push.ts';
import {readPulls, type DevicePull} from '#db/device-pulls.ts';
import {withTenant} from '#db/transaction.ts';
import type {Member} from './members.ts';
import {readBase} from './push-base.ts';
import {readPushChange, type JsonPush, type ReadChange, type YjsPush} from './push-change.ts';
import {createResultWriter} from './push-result.ts';
import type {Service} from './service.ts';
import type {Receipt, Submission} from './submission.ts';

type PushDeps = Pick<Service, 'pool' | 'lanes' | 'cursors' | 'replicas' | 'now'>;

/** A change on its way: refused already, or with the lane. */
type Sent =
  | {readonly kind: 'refused'; readonly entityId: string | null; readonly error: PushError}
  | {readonly kind: 'sent'; readonly change: JsonPush | YjsPush; readonly receipt: Promise<Receipt>};

/**
 * `member` is on the device the request names. Throws SyncError `client_taken` before anything is written, and
 * `overloaded` or `not_ready` if every change met with that; then the same request may be sent again.
 */
export async function push(deps: PushDeps, member: Member, request: PushEnvelope): Promise<PushResponse> {
  const now = deps.now();
  const offset = request.deviceTime === undefined ? 0 : now - request.deviceTime;
  const read = request.changes.map((raw) => readPushChange(raw, member.deviceId));
  const [pulls, ownClients] = await Promise.all([
    loadPulls(deps, member, read),
    claimClients(deps, member, {read, clientId: request.clientId}),
  ]);
  // One loop without a wait: what is sent together keeps its order in the lane.
  const sent = read.map((one): Sent => {
    if (!one.ok) return {kind: 'refused', entityId: one.entityId, error: one.error};
    const {change} = one;
    const eff = effectiveStamp({at: change.at, offset, now});
    const made =
      change.kind === 'yjs' ? updateOf(change, ownClients) : jsonOf(deps, member, {change, pulls, eff});
    if ('error' in made) return {kind: 'refused', entityId: change.id, error: made.error};
    const {tenantId, userId, deviceId} = member;
    const submission: Submission = {
      tenantId,
      userId,
      deviceId,
      change: made,
      now,
      offset,
      changeId: change.changeId,
    };
    return {kind: 'sent', change, receipt: deps.lanes.submit(submission)};
  });
  const results = await settleAll(sent);
  return {serverTime: new Date(deps.now()).toISOString(), results};
}

async function loadPulls(
  {pool}: PushDeps,
  {tenantId, deviceId}: Member,
  read: readonly ReadChange[],
): Promise<readonly DevicePull[]> {
  const isNeeded = read.some(
    (one) => one.ok && one.change.kind === 'json' && typeof one.change.base !== 'string',
  );
  return isNeeded ? withTenant(pool, tenantId, (client) => readPulls(client, tenantId, deviceId)) : [];
}

/** The Yjs ids the device may write under: all it names that no other device of the tenant has. */
async function claimClients(
  deps: PushDeps,
  {tenantId, deviceId}: Member,
  {read, clientId}: {read: readonly ReadChange[]; clientId: number | undefined},
): Promise<ReadonlySet<number>> {
  const named = clientId === undefined ? [] : [clientId];
  const clientIds = [...new Set([...named, ...read.flatMap(writersOf)])];
  if (clientIds.length === 0) return new Set();
  const {owned, taken} = await deps.replicas.claim({tenantId, deviceId, clientIds});
  // Ids of other devices in an update are the guard's question: known items of theirs do no harm.
  if (clientId !== undefined && taken.includes(clientId)) throw new SyncError('client_taken');
  return new Set(owned);
}

/** Ids that an update adds items under, or repeats known ones of. */
const writersOf = (one: ReadChange): number[] =>
  one.ok && one.change.kind === 'yjs'
    ? one.change.update.sections
        .filter(
          ({client, structs}) => client <= DEVICE_CLIENT_ID_MAX && structs.some(({kind}) => kind === 'item'),
        )
        .map(({client}) => client)
    : [];

const updateOf = (
  {entity, id, generation, update}: YjsPush,
  ownClients: ReadonlySet<number>,
): UpdateChange => ({
  kind: 'update',
  entity,
  id,
  generation,
  update,
  ownClients,
});

function jsonOf(
  {cursors}: PushDeps,
  member: Member,
  {change, pulls, eff}: {change: JsonPush; pulls: readonly DevicePull[]; eff: number},
): JsonChange | {error: PushError} {
  const read = readBase(cursors, member, {change, pulls, eff});
  if (!read.ok) return {error: read.error};
  const {op, entity, id, changeId, at, payload} = change;
  return {kind: 'json', op, entity, id, changeId, at, base: read.base, payload};
}

async function settleAll(sent: readonly Sent[]): Promise<PushResult[]> {
  const settled = await Promise.allSettled(
    sent.map((one) => (one.kind === 'sent' ? one.receipt : Promise.resolve(null))),
  );
  throwIfAllFailed(sent, settled);
  const write = createResultWriter();
  return sent.map((one, index) => {
    if (one.kind === 'refused') return write.refused(index, one.entityId, one.error);
    const {change} = one;
    const outcome = settled[index];
    if (outcome?.status === 'fulfilled' && outcome.value !== null)
      return write.answered(index, change, outcome.value);
    return write.refused(
      index,
      change.id,
      failureOf(outcome?.status === 'rejected' ? outcome.reason : undefined),
    );
  });
}

/** Nothing got through for a reason that is not the changes': the request as a whole may be tried again. */
function throwIfAllFailed(sent: readonly Sent[], settled: readonly PromiseSettledResult<unknown>[]): void {
  const reasons = settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  const submitted = sent.filter(({kind}) => kind === 'sent').length;
  if (submitted > 0 && reasons.length === submitted) throw reasons[0];
}

function failureOf(reason: unknown): PushError {
  const code = reason instanceof SyncError ? reason.code : 'internal';
  return {code, message: `${errorCodes[code].cause} ${errorCodes[code].cure}`};
}

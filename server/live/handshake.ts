// The first exchange: from a `hello` to a member, a place in the feed and a `welcome`. Throws SyncError.
import {SyncError} from '#crdt/protocol/error-code.ts';
import type {Hello} from '#crdt/protocol/hello.ts';
import type {DeviceId, TenantId} from '#crdt/protocol/ids.ts';
import {
  FRAME_BYTES_MAX,
  FRAME_UPDATES_MAX,
  IDLE_TIMEOUT_MS,
  SOCKET_INFLIGHT_MAX,
  UPDATE_BYTES_MAX,
} from '#crdt/protocol/limits.ts';
import {PROTOCOL_VERSION} from '#crdt/protocol/version.ts';
import type {Welcome} from '#crdt/protocol/welcome.ts';
import type {Member} from '../sync/members.ts';
import type {Service} from '../sync/service.ts';
import {createClientIds, type ClientIds} from './client-ids.ts';
import {identify, type Identity, type IdentifyDeps} from './identify.ts';

export interface HandshakeDeps extends IdentifyDeps {
  readonly service: Pick<Service, 'users' | 'members' | 'revokedTokens' | 'cursors' | 'replicas' | 'now'>;
}

export interface Greeted {
  readonly member: Member;
  readonly token: Pick<Identity, 'signIn' | 'expiresAtMs'>;
  readonly clients: ClientIds;
  readonly welcome: Welcome;
}

/** address: of the caller. takePlace: called as soon as it is known whose connection this is; throws if there is no place. */
export async function greet(
  deps: HandshakeDeps,
  hello: Hello,
  {address, takePlace}: {address: string; takePlace: (member: Member) => void},
): Promise<Greeted> {
  const {service} = deps;
  // Taken before anything is awaited: what follows is our time, not the network's.
  const serverTime = service.now();
  const {member, ...token} = await identify(deps, {
    token: hello.token,
    tenantId: (hello.tenantId ?? undefined) as TenantId | undefined,
    deviceId: hello.deviceId as DeviceId,
    address,
  });
  takePlace(member);
  const position = hello.cursor === null ? 0 : service.cursors.read(member, hello.cursor);
  const clients = createClientIds(service, member);
  if ((await clients.claim([hello.clientId])).length > 0) throw new SyncError('client_taken');
  return {
    member,
    token,
    clients,
    welcome: {
      kind: 'welcome',
      version: PROTOCOL_VERSION,
      tenantId: member.tenantId,
      userId: member.userId,
      deviceId: member.deviceId,
      role: member.role,
      employeeId: member.employeeId,
      position,
      cursorPrefix: cursorPrefixOf(service, member),
      serverTime,
      offset: serverTime - hello.clock,
      tokenExpiresAt: Math.trunc(token.expiresAtMs),
      limits,
    },
  };
}

/** A cursor ends with its position in base 36, so the one for 0 less its last character serves for all. */
const cursorPrefixOf = ({cursors}: Pick<Service, 'cursors'>, member: Member): string =>
  cursors.write(member, 0).slice(0, -1);

const limits: Welcome['limits'] = {
  frameBytesMax: FRAME_BYTES_MAX,
  frameUpdatesMax: FRAME_UPDATES_MAX,
  updateBytesMax: UPDATE_BYTES_MAX,
  inflightMax: SOCKET_INFLIGHT_MAX,
  idleTimeoutMs: IDLE_TIMEOUT_MS,
};
